-- How the fleet gets to a revision: a rescan, which has the revision's number.
-- When somebody asked for it; NULL when new advisories did.
ALTER TABLE revisions ADD COLUMN requested_at INTEGER;
-- When packages began to be matched.
ALTER TABLE revisions ADD COLUMN begun_at INTEGER;
-- When somebody asked to match no more than advisories that changed demand.
ALTER TABLE revisions ADD COLUMN cancelled_at INTEGER;
-- Whether every package is, or was, matched; also where the last database was not at hand.
ALTER TABLE revisions ADD COLUMN matches_all INTEGER NOT NULL DEFAULT 0;
-- Packages to match, and how many of them are.
ALTER TABLE revisions ADD COLUMN packages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN matched INTEGER NOT NULL DEFAULT 0;
-- What it changed.
ALTER TABLE revisions ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN summaries INTEGER NOT NULL DEFAULT 0;
