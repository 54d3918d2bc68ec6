-- It means what migrations/postgres/0009_subscriptions.sql means, which says more.

-- The history of an image tells of tags that name it no more, too.
CREATE INDEX tags_ever_by_image ON tags (image_id, tenant_id);

-- A subscription's messages are made of the changes of a revision about a vulnerability.
CREATE INDEX changes_by_group ON changes (revision, vulnerability, kind, package_id);

-- Who is told of changes, and of which.
CREATE TABLE subscriptions (
    id                   BLOB    NOT NULL PRIMARY KEY,
    tenant_id            BLOB    NOT NULL,
    name                 TEXT    NOT NULL,
    -- cloudevents, slack, teams.
    form                 TEXT    NOT NULL,
    -- active, paused; gone when its receiver said that it is.
    state                TEXT    NOT NULL,
    -- Where its messages go, as far as it may be shown.
    address              TEXT    NOT NULL,
    -- Its URL and secret, encrypted: by which key, and what came out.
    sealed_by            TEXT    NOT NULL,
    sealed_target        BLOB    NOT NULL,
    -- Words with a space between; empty for all.
    kinds                TEXT    NOT NULL,
    min_severity         TEXT,
    only_fixable         INTEGER NOT NULL,
    only_known_exploited INTEGER NOT NULL,
    repository           TEXT,
    -- How far it has got in changes_by_group.
    next_revision        INTEGER NOT NULL,
    last_vulnerability   TEXT    NOT NULL DEFAULT '',
    last_kind            TEXT    NOT NULL DEFAULT '',
    -- Tries in a row that failed, and until when no other is made.
    failures             INTEGER NOT NULL DEFAULT 0,
    resume_at            INTEGER NOT NULL DEFAULT 0,
    created_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant_id, created_at, id);
CREATE INDEX subscriptions_by_revision ON subscriptions (next_revision) WHERE state = 'active';

-- Messages to their receivers.
CREATE TABLE deliveries (
    sequence        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    subscription_id BLOB    NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    -- JSON.
    content         TEXT    NOT NULL,
    -- Whether somebody tries the way out: it is sent before others, and once.
    is_test         INTEGER NOT NULL,
    -- waiting, delivered, dead.
    state           TEXT    NOT NULL,
    -- Tries that were begun.
    tries           INTEGER NOT NULL DEFAULT 0,
    -- When it may be tried. Who tries it moves this to when it counts as lost.
    due_at          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    -- What came of the last try.
    status          INTEGER,
    problem         TEXT
) STRICT;
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, sequence);
CREATE INDEX deliveries_waiting ON deliveries (subscription_id, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (subscription_id, sequence) WHERE state = 'dead';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
