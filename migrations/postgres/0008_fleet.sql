-- The fleet as a whole: the revision that it is at, what changed between revisions, and since when an
-- image is what it is.
--
-- * A package holds for every revision from its own (packages.revision) up to fleet.revision: what
--   advisories say about it did not change in between, or it would have been matched again. So does a
--   summary of a package set. A new revision touches what changed, and one row for all the rest.
-- * Who stores outcomes holds the fleet's advisory lock shared, who moves fleet.revision holds it
--   alone; outcomes of a revision before fleet.revision are refused.

-- One row.
CREATE TABLE fleet (
    id       integer NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The last revision that every package, summary and change is up to; 0 before the first.
    revision bigint  NOT NULL
);
INSERT INTO fleet (id, revision) VALUES (1, 0);

-- A revision is a database read by a version of the matching rules; a full rescan makes a new one of
-- the same database.
ALTER TABLE revisions
    ADD COLUMN rules        bigint      NOT NULL DEFAULT 0,
    -- Whether every package is to be matched, not only those about which advisories changed.
    ADD COLUMN is_full      boolean     NOT NULL DEFAULT false,
    -- When the fleet was brought up to it; NULL for one that was passed over.
    ADD COLUMN processed_at timestamptz;

-- Under which names advisories would speak of a package: hashes of ecosystem and normalised name.
CREATE TABLE package_keys (
    key        bigint NOT NULL,
    package_id bigint NOT NULL,
    PRIMARY KEY (key, package_id)
);

-- The first revision at which it was matched: findings that began then are no news. 0 before.
ALTER TABLE packages ADD COLUMN first_revision bigint NOT NULL DEFAULT 0;
UPDATE packages SET first_revision = revision;
-- Every full rescan changes packages.revision, so no index has it: those updates stay in their pages.
DROP INDEX packages_by_revision;
CREATE INDEX packages_new ON packages (id) WHERE first_revision = 0;
DROP INDEX package_sets_by_revision;
CREATE INDEX package_sets_new ON package_sets (id) WHERE revision = 0;

ALTER TABLE findings
    ADD COLUMN is_fixable         boolean NOT NULL DEFAULT false,
    ADD COLUMN is_known_exploited boolean NOT NULL DEFAULT false;
UPDATE findings SET
    is_fixable = coalesce(content::jsonb ->> 'fix_state' = 'fixed',
                          jsonb_array_length(content::jsonb -> 'fixed_versions') > 0, false),
    is_known_exploited = coalesce((content::jsonb ->> 'known_exploited')::boolean, false);

CREATE INDEX matches_by_first_revision ON matches (first_revision, package_id);
CREATE INDEX matches_by_last_revision ON matches (last_revision, package_id)
    WHERE last_revision IS NOT NULL;

-- Gaps hold from a revision to another, as matches do.
ALTER TABLE package_coverage
    ADD COLUMN first_revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_revision  bigint,
    DROP CONSTRAINT package_coverage_pkey,
    ADD PRIMARY KEY (package_id, first_revision, position);
CREATE INDEX package_coverage_by_first_revision ON package_coverage (first_revision, package_id);
CREATE INDEX package_coverage_by_last_revision ON package_coverage (last_revision, package_id)
    WHERE last_revision IS NOT NULL;

-- What a revision changed about a package that was matched before. Which images that concerns is a
-- join. Written by whoever moves fleet.revision, in that transaction and in the order of sequence.
CREATE TABLE changes (
    sequence          bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    revision          bigint NOT NULL,
    package_id        bigint NOT NULL,
    vulnerability     text   NOT NULL,
    -- new, fixed, changed.
    kind              text   NOT NULL,
    -- NULL where it is new.
    finding_before_id bigint,
    -- NULL where it is fixed.
    finding_after_id  bigint
);
CREATE INDEX changes_by_package ON changes (package_id, sequence);
CREATE INDEX changes_by_vulnerability ON changes (vulnerability, sequence);
CREATE INDEX changes_by_revision ON changes (revision, sequence);

-- Since when an image has its package set, and the revision in use then: later changes are news for
-- it.
ALTER TABLE images
    ADD COLUMN assembled_at       timestamptz,
    ADD COLUMN assembled_revision bigint NOT NULL DEFAULT 0;
UPDATE images SET assembled_at = now() WHERE package_set_id IS NOT NULL;

-- Package sets that an image had before another cataloger set found more.
CREATE TABLE former_package_sets (
    image_id           bigint      NOT NULL,
    package_set_id     bigint      NOT NULL,
    assembled_at       timestamptz NOT NULL,
    assembled_revision bigint      NOT NULL,
    replaced_at        timestamptz NOT NULL,
    PRIMARY KEY (image_id, replaced_at)
);
CREATE INDEX former_package_sets_by_set ON former_package_sets (package_set_id);

-- The image's package set once more, so that a tenant's images are counted by set without a join.
ALTER TABLE tenant_images ADD COLUMN package_set_id bigint;
UPDATE tenant_images SET package_set_id = (SELECT package_set_id FROM images WHERE id = image_id);
CREATE INDEX tenant_images_by_set ON tenant_images (tenant_id, package_set_id, image_id);
CREATE INDEX tenant_images_by_image ON tenant_images (image_id);
