-- What an image may be updated from: Red Hat's content sets, Ubuntu's Pro services. A distro with
-- other ones is another distro, so they belong to the key, which SQLite changes only with the table.
-- Rows keep their ids, so what refers to them is right again when the transaction ends.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE distros_before AS SELECT * FROM distros;
DROP TABLE distros;
CREATE TABLE distros (
    id       INTEGER NOT NULL PRIMARY KEY,
    os_id    TEXT    NOT NULL,
    version  TEXT    NOT NULL,
    id_like  TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    -- Separated by spaces.
    channels TEXT    NOT NULL,
    UNIQUE (os_id, version, id_like, name, channels)
) STRICT;
INSERT INTO distros SELECT id, os_id, version, id_like, name, '' FROM distros_before;
DROP TABLE distros_before;
