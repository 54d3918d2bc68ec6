-- It means what migrations/postgres/0015_hooks.sql means, which says more.

-- Senders of push webhooks.
CREATE TABLE hooks (
    id            BLOB    NOT NULL PRIMARY KEY,
    tenant_id     BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    registry      TEXT,
    -- Patterns of repositories, a line each; empty for all.
    repositories  TEXT    NOT NULL,
    secret_hash   BLOB    CHECK (length(secret_hash) = 32),
    sealed_by     TEXT,
    sealed_secret BLOB,
    created_at    INTEGER NOT NULL,
    CHECK ((secret_hash IS NULL) <> (sealed_secret IS NULL)),
    CHECK ((sealed_by IS NULL) = (sealed_secret IS NULL))
) STRICT;
CREATE INDEX hooks_by_tenant ON hooks (tenant_id, created_at, id);
