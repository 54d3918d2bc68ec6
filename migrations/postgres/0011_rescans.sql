-- How the fleet gets to a revision: a rescan, which has the revision's number.
ALTER TABLE revisions
    -- When somebody asked for it; NULL when new advisories did.
    ADD COLUMN requested_at timestamptz,
    -- When packages began to be matched.
    ADD COLUMN begun_at     timestamptz,
    -- When somebody asked to match no more than advisories that changed demand.
    ADD COLUMN cancelled_at timestamptz,
    -- Whether every package is, or was, matched; also where the last database was not at hand.
    ADD COLUMN matches_all  boolean NOT NULL DEFAULT false,
    -- Packages to match, and how many of them are.
    ADD COLUMN packages     bigint  NOT NULL DEFAULT 0,
    ADD COLUMN matched      bigint  NOT NULL DEFAULT 0,
    -- What it changed.
    ADD COLUMN changes      bigint  NOT NULL DEFAULT 0,
    ADD COLUMN summaries    bigint  NOT NULL DEFAULT 0;
