-- It means what migrations/postgres/0014_registries.sql means, which says more.

-- How a tenant's images are reached.
CREATE TABLE registries (
    id                BLOB    NOT NULL PRIMARY KEY,
    tenant_id         BLOB    NOT NULL,
    host              TEXT    NOT NULL,
    settings          TEXT    NOT NULL,
    discovery_due_at  INTEGER,
    discovery_cursor  TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX registries_by_host ON registries (tenant_id, host);
CREATE INDEX registries_by_discovery ON registries (discovery_due_at, id)
    WHERE discovery_due_at IS NOT NULL;

-- Credentials that came with the request for a scan, for that scan alone.
CREATE TABLE scan_credentials (
    scan_id    BLOB    NOT NULL PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    sealed_by  TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX scan_credentials_by_expiry ON scan_credentials (expires_at);
