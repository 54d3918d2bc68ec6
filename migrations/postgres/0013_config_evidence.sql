-- What an image's config gave away, as crate hygiene encodes it, with values masked; NULL where nobody
-- looked for it. A config never changes, so what was found once holds.

-- Credentials.
ALTER TABLE images ADD COLUMN config_secrets bytea;
-- Checks that the image does not pass.
ALTER TABLE images ADD COLUMN config_checks bytea;
