-- The history of an image tells of tags that name it no more, too.
CREATE INDEX tags_ever_by_image ON tags (image_id, tenant_id);

-- A subscription's messages are made of the changes of a revision about a vulnerability.
CREATE INDEX changes_by_group
    ON changes (revision, vulnerability COLLATE "C", kind COLLATE "C", package_id);

-- Who is told of changes, and of which.
CREATE TABLE subscriptions (
    id                   uuid        NOT NULL PRIMARY KEY,
    tenant_id            uuid        NOT NULL,
    name                 text        NOT NULL,
    -- cloudevents, slack, teams.
    form                 text        NOT NULL,
    -- active, paused; gone when its receiver said that it is.
    state                text        NOT NULL,
    -- Where its messages go, as far as it may be shown.
    address              text        NOT NULL,
    -- Its URL and secret, encrypted: by which key, and what came out. The row's id is bound to it.
    sealed_by            text        NOT NULL,
    sealed_target        bytea       NOT NULL,
    -- Words with a space between; empty for all.
    kinds                text        NOT NULL,
    min_severity         text,
    only_fixable         boolean     NOT NULL,
    only_known_exploited boolean     NOT NULL,
    repository           text,
    -- How far it has got in changes_by_group: messages were made of all revisions before this, and
    -- of this one up to a vulnerability and a kind.
    next_revision        bigint      NOT NULL,
    last_vulnerability   text        NOT NULL DEFAULT '',
    last_kind            text        NOT NULL DEFAULT '',
    -- Tries in a row that failed, and until when no other is made.
    failures             bigint      NOT NULL DEFAULT 0,
    resume_at            timestamptz NOT NULL DEFAULT '-infinity',
    created_at           timestamptz NOT NULL
);
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant_id, created_at, id);
CREATE INDEX subscriptions_by_revision ON subscriptions (next_revision) WHERE state = 'active';

-- Messages to their receivers, written together with the place up to which they were made.
CREATE TABLE deliveries (
    -- Made of what it tells, so that the same message is never there twice.
    id              text        NOT NULL PRIMARY KEY,
    sequence        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    subscription_id uuid        NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    -- JSON.
    content         text        NOT NULL,
    -- Whether somebody tries the way out: it is sent before others, and once.
    is_test         boolean     NOT NULL,
    -- waiting, delivered, dead.
    state           text        NOT NULL,
    -- Tries that were begun: the number keeps a late sender from writing.
    tries           bigint      NOT NULL DEFAULT 0,
    -- When it may be tried. Who tries it moves this to when it counts as lost.
    due_at          timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    -- What came of the last try.
    status          bigint,
    problem         text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX deliveries_by_subscription ON deliveries (subscription_id, sequence);
CREATE INDEX deliveries_waiting ON deliveries (subscription_id, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (subscription_id, sequence) WHERE state = 'dead';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
