-- What an image's config gave away. It means what migrations/postgres/0013_config_evidence.sql means.
ALTER TABLE images ADD COLUMN config_secrets BLOB;
ALTER TABLE images ADD COLUMN config_checks BLOB;
