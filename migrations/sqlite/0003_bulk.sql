-- Bulk work: its references, in the order in which scans of them are fed to the queue.
--
-- * Only the scheduler moves items on: it settles those whose scans have ended and feeds others, both
--   within a window. So the counters below have one writer, however many workers end scans.
-- * Nothing here touches all rows of a bulk at once. A cancelled bulk's items that were never fed
--   stay as they are and are read as cancelled.

CREATE TABLE bulks (
    id                BLOB    NOT NULL PRIMARY KEY,
    tenant_id         BLOB    NOT NULL,
    state             TEXT    NOT NULL,
    platform          TEXT,
    traceparent       TEXT,
    -- The registry to list; NULL where the references were sent.
    registry          TEXT,
    repositories      TEXT,
    tags              TEXT,
    newest            INTEGER,
    is_listed         INTEGER NOT NULL,
    listing_cursor    TEXT,
    listing_tries     INTEGER NOT NULL DEFAULT 0,
    -- When the next piece of the listing is due, or when an upload that sends nothing counts as cut.
    due_at            INTEGER NOT NULL,
    -- Why the listing or the upload ended early.
    failure_code      TEXT,
    failure_message   TEXT,
    failure_remedy    TEXT,
    failure_retryable INTEGER,
    -- The first of what was refused, as JSON.
    rejections        TEXT    NOT NULL DEFAULT '[]',
    rejected          INTEGER NOT NULL DEFAULT 0,
    duplicates        INTEGER NOT NULL DEFAULT 0,
    -- Items that are stored, and how many of them were fed; of those, how many have ended and how.
    accepted          INTEGER NOT NULL DEFAULT 0,
    fed               INTEGER NOT NULL DEFAULT 0,
    done              INTEGER NOT NULL DEFAULT 0,
    failed            INTEGER NOT NULL DEFAULT 0,
    cancelled         INTEGER NOT NULL DEFAULT 0,
    -- Items up to this position were fed.
    cursor            INTEGER NOT NULL DEFAULT 0,
    next_position     INTEGER NOT NULL DEFAULT 1,
    -- When it last had its turn. Greater is later; finer than a clock.
    turn              INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX bulks_by_tenant ON bulks (tenant_id, id);
CREATE INDEX bulks_open ON bulks (id) WHERE state IN ('receiving', 'running', 'paused');

-- States: waiting, open (its scan has not ended as far as is known), done, failed, cancelled. An item
-- that is tried again moves to the end.
CREATE TABLE bulk_items (
    bulk_id      BLOB    NOT NULL REFERENCES bulks (id),
    position     INTEGER NOT NULL,
    reference    TEXT    NOT NULL,
    platform     TEXT,
    state        TEXT    NOT NULL DEFAULT 'waiting',
    scan_id      BLOB,
    failure_code TEXT,
    PRIMARY KEY (bulk_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX bulk_items_by_reference
    ON bulk_items (bulk_id, reference, coalesce(platform, ''));
CREATE UNIQUE INDEX bulk_items_by_scan ON bulk_items (scan_id) WHERE scan_id IS NOT NULL;
CREATE INDEX bulk_items_by_state ON bulk_items (bulk_id, state, position);
-- As small as the window.
CREATE INDEX bulk_items_open ON bulk_items (scan_id) WHERE state = 'open';
CREATE INDEX bulk_items_by_failure ON bulk_items (bulk_id, failure_code, position)
    WHERE state = 'failed';

-- The bulk that a scan belongs to. The index answers how fast its scans end.
ALTER TABLE scans ADD COLUMN bulk_id BLOB REFERENCES bulks (id);
CREATE INDEX scans_by_bulk ON scans (bulk_id, finished_at) WHERE bulk_id IS NOT NULL;
