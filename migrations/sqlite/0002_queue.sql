-- The embedded queue. A message leaves when it is acknowledged or becomes a dead letter.

CREATE TABLE queue_messages (
    sequence     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL,
    lane         TEXT    NOT NULL,
    stage        TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    traceparent  TEXT,
    published_at INTEGER NOT NULL,
    -- From when on it is delivered: now, after a delay, or when the ack wait of its delivery ends.
    visible_at   INTEGER NOT NULL,
    -- With the sequence, names a delivery: a late worker's number no longer fits.
    deliveries   INTEGER NOT NULL DEFAULT 0,
    is_held      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX queue_messages_by_time ON queue_messages (lane, stage, visible_at, sequence);

-- Message ids that were taken lately.
CREATE TABLE queue_message_ids (
    id       TEXT    NOT NULL PRIMARY KEY,
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_message_ids_by_time ON queue_message_ids (taken_at);

CREATE TABLE queue_dead_letters (
    sequence     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL,
    lane         TEXT    NOT NULL,
    stage        TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    traceparent  TEXT,
    published_at INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    deliveries   INTEGER NOT NULL,
    died_at      INTEGER NOT NULL
) STRICT;
