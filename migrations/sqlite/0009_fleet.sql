-- The fleet as a whole: the revision that it is at, what changed between revisions, and since when an
-- image is what it is. It means what migrations/postgres/0008_fleet.sql means, which says more.

-- One row.
CREATE TABLE fleet (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The last revision that every package, summary and change is up to; 0 before the first.
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO fleet (id, revision) VALUES (1, 0);

-- A revision is a database read by a version of the matching rules; a full rescan makes a new one of
-- the same database.
ALTER TABLE revisions ADD COLUMN rules INTEGER NOT NULL DEFAULT 0;
-- Whether every package is to be matched, not only those about which advisories changed.
ALTER TABLE revisions ADD COLUMN is_full INTEGER NOT NULL DEFAULT 0;
-- When the fleet was brought up to it; NULL for one that was passed over.
ALTER TABLE revisions ADD COLUMN processed_at INTEGER;

-- Under which names advisories would speak of a package: hashes of ecosystem and normalised name.
CREATE TABLE package_keys (
    key        INTEGER NOT NULL,
    package_id INTEGER NOT NULL REFERENCES packages (id),
    PRIMARY KEY (key, package_id)
) STRICT, WITHOUT ROWID;

-- The first revision at which it was matched: findings that began then are no news. 0 before.
ALTER TABLE packages ADD COLUMN first_revision INTEGER NOT NULL DEFAULT 0;
UPDATE packages SET first_revision = revision;
DROP INDEX packages_by_revision;
CREATE INDEX packages_new ON packages (id) WHERE first_revision = 0;
DROP INDEX package_sets_by_revision;
CREATE INDEX package_sets_new ON package_sets (id) WHERE revision = 0;

ALTER TABLE findings ADD COLUMN is_fixable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN is_known_exploited INTEGER NOT NULL DEFAULT 0;
UPDATE findings SET
    is_fixable = coalesce(content ->> 'fix_state' = 'fixed',
                          json_array_length(content, '$.fixed_versions') > 0, 0),
    is_known_exploited = coalesce(content ->> 'known_exploited', 0);

CREATE INDEX matches_by_first_revision ON matches (first_revision, package_id);
CREATE INDEX matches_by_last_revision ON matches (last_revision, package_id)
    WHERE last_revision IS NOT NULL;

-- Gaps hold from a revision to another, as matches do.
CREATE TABLE package_coverage_since (
    package_id     INTEGER NOT NULL REFERENCES packages (id),
    position       INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    detail         TEXT    NOT NULL,
    first_revision INTEGER NOT NULL DEFAULT 0,
    last_revision  INTEGER,
    PRIMARY KEY (package_id, first_revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO package_coverage_since SELECT *, 0, NULL FROM package_coverage;
DROP TABLE package_coverage;
ALTER TABLE package_coverage_since RENAME TO package_coverage;
CREATE INDEX package_coverage_by_first_revision ON package_coverage (first_revision, package_id);
CREATE INDEX package_coverage_by_last_revision ON package_coverage (last_revision, package_id)
    WHERE last_revision IS NOT NULL;

-- What a revision changed about a package that was matched before. Which images that concerns is a
-- join. Written by whoever moves fleet.revision, in that transaction and in the order of sequence.
CREATE TABLE changes (
    sequence          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    revision          INTEGER NOT NULL,
    package_id        INTEGER NOT NULL REFERENCES packages (id),
    vulnerability     TEXT    NOT NULL,
    -- new, fixed, changed.
    kind              TEXT    NOT NULL,
    -- NULL where it is new.
    finding_before_id INTEGER REFERENCES findings (id),
    -- NULL where it is fixed.
    finding_after_id  INTEGER REFERENCES findings (id)
) STRICT;
CREATE INDEX changes_by_package ON changes (package_id, sequence);
CREATE INDEX changes_by_vulnerability ON changes (vulnerability, sequence);
CREATE INDEX changes_by_revision ON changes (revision, sequence);

-- Since when an image has its package set, and the revision in use then: later changes are news for
-- it.
ALTER TABLE images ADD COLUMN assembled_at INTEGER;
ALTER TABLE images ADD COLUMN assembled_revision INTEGER NOT NULL DEFAULT 0;
UPDATE images SET assembled_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    WHERE package_set_id IS NOT NULL;

-- Package sets that an image had before another cataloger set found more.
CREATE TABLE former_package_sets (
    image_id           INTEGER NOT NULL REFERENCES images (id),
    package_set_id     INTEGER NOT NULL REFERENCES package_sets (id),
    assembled_at       INTEGER NOT NULL,
    assembled_revision INTEGER NOT NULL,
    replaced_at        INTEGER NOT NULL,
    PRIMARY KEY (image_id, replaced_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_package_sets_by_set ON former_package_sets (package_set_id);

-- The image's package set once more, so that a tenant's images are counted by set without a join.
ALTER TABLE tenant_images ADD COLUMN package_set_id INTEGER REFERENCES package_sets (id);
UPDATE tenant_images SET package_set_id = (SELECT package_set_id FROM images WHERE id = image_id);
CREATE INDEX tenant_images_by_set ON tenant_images (tenant_id, package_set_id, image_id);
CREATE INDEX tenant_images_by_image ON tenant_images (image_id);
