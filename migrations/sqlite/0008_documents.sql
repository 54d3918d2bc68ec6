-- Bills of materials as they were submitted, compressed with zstd, by SHA-256 of their bytes. They
-- are to scans what a registry's blobs are, so they stay for as long as an image is known by them.
CREATE TABLE documents (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    content    BLOB    NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch())
);
