-- What an image may be updated from: Red Hat's content sets, Ubuntu's Pro services, separated by
-- spaces. A distro with other ones is another distro: where there are any, the digest covers them.
ALTER TABLE distros ADD COLUMN channels text NOT NULL DEFAULT '';
