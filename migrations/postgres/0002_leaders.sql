-- Who leads in a role, until when.
CREATE TABLE leaders (
    role       text        NOT NULL PRIMARY KEY,
    holder     uuid        NOT NULL,
    expires_at timestamptz NOT NULL
);
