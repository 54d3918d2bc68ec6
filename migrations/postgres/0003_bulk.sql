-- Bulk work: its references, in the order in which scans of them are fed to the queue.
--
-- * Only the scheduler moves items on: it settles those whose scans have ended and feeds others, both
--   within a window. Counters change under the lock of the bulk's row.
-- * Nothing here touches all rows of a bulk at once. A cancelled bulk's items that were never fed
--   stay as they are and are read as cancelled.

CREATE TABLE bulks (
    id                uuid        NOT NULL PRIMARY KEY,
    tenant_id         uuid        NOT NULL,
    state             text        NOT NULL,
    platform          text,
    traceparent       text,
    -- The registry to list; NULL where the references were sent.
    registry          text,
    repositories      text,
    tags              text,
    newest            bigint,
    is_listed         boolean     NOT NULL,
    listing_cursor    text,
    listing_tries     bigint      NOT NULL DEFAULT 0,
    -- When the next piece of the listing is due, or when an upload that sends nothing counts as cut.
    due_at            timestamptz NOT NULL,
    -- Why the listing or the upload ended early.
    failure_code      text,
    failure_message   text,
    failure_remedy    text,
    failure_retryable boolean,
    -- The first of what was refused, as JSON.
    rejections        text        NOT NULL DEFAULT '[]',
    rejected          bigint      NOT NULL DEFAULT 0,
    duplicates        bigint      NOT NULL DEFAULT 0,
    -- Items that are stored, and how many of them were fed; of those, how many have ended and how.
    accepted          bigint      NOT NULL DEFAULT 0,
    fed               bigint      NOT NULL DEFAULT 0,
    done              bigint      NOT NULL DEFAULT 0,
    failed            bigint      NOT NULL DEFAULT 0,
    cancelled         bigint      NOT NULL DEFAULT 0,
    -- Items up to this position were fed.
    cursor            bigint      NOT NULL DEFAULT 0,
    next_position     bigint      NOT NULL DEFAULT 1,
    -- When it last had its turn. Greater is later; finer than a clock.
    turn              bigint      NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz
) WITH (fillfactor = 50);
CREATE INDEX bulks_by_tenant ON bulks (tenant_id, id);
CREATE INDEX bulks_open ON bulks (id) WHERE state IN ('receiving', 'running', 'paused');

-- States: waiting, open (its scan has not ended as far as is known), done, failed, cancelled. An item
-- that is tried again moves to the end.
CREATE TABLE bulk_items (
    bulk_id      uuid   NOT NULL,
    position     bigint NOT NULL,
    reference    text   NOT NULL,
    platform     text,
    state        text   NOT NULL DEFAULT 'waiting',
    scan_id      uuid,
    failure_code text,
    PRIMARY KEY (bulk_id, position)
);
CREATE UNIQUE INDEX bulk_items_by_reference
    ON bulk_items (bulk_id, reference, (coalesce(platform, '')));
CREATE UNIQUE INDEX bulk_items_by_scan ON bulk_items (scan_id) WHERE scan_id IS NOT NULL;
CREATE INDEX bulk_items_by_state ON bulk_items (bulk_id, state, position);
-- As small as the window.
CREATE INDEX bulk_items_open ON bulk_items (scan_id) WHERE state = 'open';
CREATE INDEX bulk_items_by_failure ON bulk_items (bulk_id, failure_code, position)
    WHERE state = 'failed';

-- The bulk that a scan belongs to. The index answers how fast its scans end.
ALTER TABLE scans ADD COLUMN bulk_id uuid;
CREATE INDEX scans_by_bulk ON scans (bulk_id, finished_at) WHERE bulk_id IS NOT NULL;
