-- Senders of push webhooks: what authenticates their deliveries, and under which host the images that
-- they tell of are pulled.
CREATE TABLE hooks (
    id            uuid        NOT NULL PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    name          text        NOT NULL,
    -- What sends: harbor, ghcr, distribution.
    kind          text        NOT NULL,
    -- The host under which images are pulled; NULL for the one that deliveries name.
    registry      text,
    -- Patterns of repositories, a line each; empty for all.
    repositories  text        NOT NULL,
    -- SHA-256 of the secret, or where deliveries are signed with it the secret itself, encrypted: by
    -- which key, and what came out.
    secret_hash   bytea       CHECK (length(secret_hash) = 32),
    sealed_by     text,
    sealed_secret bytea,
    created_at    timestamptz NOT NULL,
    CHECK ((secret_hash IS NULL) <> (sealed_secret IS NULL)),
    CHECK ((sealed_by IS NULL) = (sealed_secret IS NULL))
);
CREATE INDEX hooks_by_tenant ON hooks (tenant_id, created_at, id);
