-- How a tenant's images are reached.
CREATE TABLE registries (
    id                uuid        NOT NULL PRIMARY KEY,
    tenant_id         uuid        NOT NULL,
    -- As references have it: docker.io, registry.example:5000.
    host              text        NOT NULL,
    -- JSON: mirrors, TLS, credentials, patterns. Secrets in it are encrypted, each with the name of
    -- its key; the row's id is bound to them.
    settings          text        NOT NULL,
    -- When the next piece of looking for repositories is due; NULL where nobody looks.
    discovery_due_at  timestamptz,
    -- Where it goes on; NULL at the beginning.
    discovery_cursor  text,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE UNIQUE INDEX registries_by_host ON registries (tenant_id, host);
CREATE INDEX registries_by_discovery ON registries (discovery_due_at, id)
    WHERE discovery_due_at IS NOT NULL;

-- Credentials that came with the request for a scan, for that scan alone. They may be here before
-- the scan is, so nothing refers to it.
CREATE TABLE scan_credentials (
    scan_id    uuid        NOT NULL PRIMARY KEY,
    tenant_id  uuid        NOT NULL,
    -- By which key it is encrypted, and what came out. The scan's id is bound to it.
    sealed_by  text        NOT NULL,
    sealed     bytea       NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX scan_credentials_by_expiry ON scan_credentials (expires_at);
