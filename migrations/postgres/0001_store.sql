-- The store of a cluster. It means what the schema in migrations/sqlite means.
--
-- * Layers, package sets, packages and findings are content-addressed and shared by everybody; who may
--   see an image is said by the tenant's own rows. Every tenant-owned row carries tenant_id.
-- * Content is named by digest outside and by integer inside: an image has many layers and a package
--   set many packages, and those rows are what grows, so they hold integers only.
-- * A match is a package, a finding and the revisions over which it held. What a finding says (JSON) is
--   stored once, however many packages have it; so a new revision costs rows for what changed only.
-- * Rows that grow with the fleet have no foreign keys to shared content: each such check locks the
--   row that it names, and every image names the same base layers and packages. Content is written in
--   the transaction that names it; what deletes content must look for those that name it first.
-- * What comes out of images has no useful bound on its length (a purl, a distro's name), and an index
--   entry has: such text is indexed by a digest.

CREATE TABLE api_keys (
    id         uuid        NOT NULL PRIMARY KEY,
    tenant_id  uuid        NOT NULL,
    name       text        NOT NULL,
    prefix     text        NOT NULL,
    hash       bytea       NOT NULL CHECK (length(hash) = 32),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

-- One row, written to learn whether the database takes writes.
CREATE TABLE write_checks (
    id         integer     NOT NULL PRIMARY KEY CHECK (id = 1),
    checked_at timestamptz NOT NULL
);

-- Scans. Their ids are UUIDs of version 7: ordered by time.
CREATE TABLE scans (
    id                uuid        NOT NULL PRIMARY KEY,
    tenant_id         uuid        NOT NULL,
    reference         text        NOT NULL,
    platform          text,
    lane              text        NOT NULL,
    state             text        NOT NULL,
    idempotency_key   text,
    traceparent       text,
    cataloger_set     text,
    failure_code      text,
    failure_message   text,
    failure_remedy    text,
    failure_retryable boolean,
    -- How often an image job was asked for: the number in its message id.
    requests          bigint      NOT NULL,
    -- How often that was because it was lost.
    tries             bigint      NOT NULL DEFAULT 0,
    -- When its image job counts as lost.
    due_at            timestamptz NOT NULL,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz
);
CREATE INDEX scans_by_tenant ON scans (tenant_id, id);
CREATE INDEX scans_by_state ON scans (tenant_id, state, id);
CREATE INDEX scans_by_reference ON scans (tenant_id, hashtextextended(reference, 0), id);
CREATE UNIQUE INDEX scans_by_idempotency_key ON scans (tenant_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX scans_open ON scans (due_at) WHERE state IN ('queued', 'cataloging');

CREATE TABLE outbox (
    sequence    bigint      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id          text        NOT NULL UNIQUE,
    lane        text        NOT NULL,
    stage       text        NOT NULL,
    payload     bytea       NOT NULL,
    traceparent text,
    -- Until then a relay that took it publishes it.
    taken_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Relays listen instead of asking again and again.
CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added) THEN
        PERFORM pg_notify('scanyard_outbox', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_filled AFTER INSERT ON outbox REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();

CREATE TABLE distros (
    id      bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- SHA-256 of what follows.
    digest  bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    os_id   text   NOT NULL,
    version text   NOT NULL,
    id_like text   NOT NULL,
    name    text   NOT NULL
);

CREATE TABLE package_sets (
    id            bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    digest        bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    packages      bigint NOT NULL,
    -- The summary: findings that held at the revision, 0 before the first.
    revision      bigint NOT NULL DEFAULT 0,
    critical      bigint NOT NULL DEFAULT 0,
    high          bigint NOT NULL DEFAULT 0,
    medium        bigint NOT NULL DEFAULT 0,
    low           bigint NOT NULL DEFAULT 0,
    negligible    bigint NOT NULL DEFAULT 0,
    unknown       bigint NOT NULL DEFAULT 0,
    undetermined  bigint NOT NULL DEFAULT 0,
    coverage_gaps bigint NOT NULL DEFAULT 0,
    -- The worst severity of an affected package: 6 for critical, 0 for none.
    worst         bigint NOT NULL GENERATED ALWAYS AS (
        CASE WHEN critical > 0 THEN 6 WHEN high > 0 THEN 5 WHEN medium > 0 THEN 4
             WHEN low > 0 THEN 3 WHEN negligible > 0 THEN 2 WHEN unknown > 0 THEN 1 ELSE 0 END
    ) STORED
) WITH (fillfactor = 80);
CREATE INDEX package_sets_by_revision ON package_sets (revision, id);

CREATE TABLE packages (
    id             bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- SHA-256 of the purl.
    digest         bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    purl           text   NOT NULL,
    kind           text   NOT NULL,
    name           text   NOT NULL,
    version        text   NOT NULL,
    arch           text,
    source_name    text,
    source_version text,
    distro_id      bigint,
    -- The last revision at which it was matched, 0 before the first.
    revision       bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE INDEX packages_by_revision ON packages (revision, id);

CREATE TABLE package_set_packages (
    package_set_id bigint NOT NULL,
    package_id     bigint NOT NULL,
    PRIMARY KEY (package_set_id, package_id)
);
CREATE INDEX package_set_packages_by_package ON package_set_packages (package_id, package_set_id);

CREATE TABLE package_coverage (
    package_id bigint NOT NULL,
    position   bigint NOT NULL,
    kind       text   NOT NULL,
    subject    text   NOT NULL,
    detail     text   NOT NULL,
    PRIMARY KEY (package_id, position)
);

CREATE TABLE images (
    id             bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    digest         bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    config_digest  bytea  NOT NULL CHECK (length(config_digest) = 32),
    platform       text   NOT NULL,
    created        text,
    labels         text   NOT NULL,
    -- What it was assembled to, and by which cataloger set.
    package_set_id bigint,
    cataloger_set  text,
    distro_id      bigint,
    coverage_gaps  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 90);
CREATE INDEX images_by_package_set ON images (package_set_id, id);

CREATE TABLE image_coverage (
    image_id bigint NOT NULL REFERENCES images (id),
    position bigint NOT NULL,
    kind     text   NOT NULL,
    subject  text   NOT NULL,
    detail   text   NOT NULL,
    PRIMARY KEY (image_id, position)
);

CREATE TABLE layers (
    id     bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    digest bytea  NOT NULL UNIQUE CHECK (length(digest) = 32)
);

CREATE TABLE media_types (
    id   bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text   NOT NULL UNIQUE
);

CREATE TABLE image_layers (
    image_id      bigint  NOT NULL,
    position      bigint  NOT NULL,
    layer_id      bigint  NOT NULL,
    size          bigint  NOT NULL,
    media_type_id bigint  NOT NULL,
    is_foreign    boolean NOT NULL,
    PRIMARY KEY (image_id, position)
);
CREATE INDEX image_layers_by_layer ON image_layers (layer_id, image_id);

-- The cataloging of a layer by a cataloger set. States: wanted (a job is on its way), leased, done,
-- failed, unwanted (no scan waited when its job came, so that the next scan must ask again).
-- Whoever makes a row unwanted looks into awaited_layers once more after that is committed; whoever
-- begins to wait looks at the row after that is committed.
CREATE TABLE layer_catalogs (
    layer_id           bigint      NOT NULL,
    cataloger_set      text        NOT NULL,
    state              text        NOT NULL,
    lane               text        NOT NULL,
    -- Counts claims, ever: a late worker's number no longer fits.
    attempt            bigint      NOT NULL DEFAULT 0,
    -- Counts claims since a scan last asked: too many mean that it brings workers down.
    tries              bigint      NOT NULL DEFAULT 0,
    -- How often a job was asked for: the number in its message id.
    requests           bigint      NOT NULL,
    -- When the lease expires or the job counts as lost.
    due_at             timestamptz NOT NULL,
    bytes_done         bigint      NOT NULL DEFAULT 0,
    diff_id            bytea       CHECK (length(diff_id) = 32),
    compressed_bytes   bigint,
    decompressed_bytes bigint,
    PRIMARY KEY (layer_id, cataloger_set)
) WITH (fillfactor = 70);
CREATE INDEX layer_catalogs_open ON layer_catalogs (due_at) WHERE state <> 'done';

CREATE TABLE layer_inventories (
    layer_id      bigint NOT NULL,
    cataloger_set text   NOT NULL,
    -- Bytes of the inventory, which is stored compressed (zstd).
    size          bigint NOT NULL,
    inventory     bytea  NOT NULL,
    PRIMARY KEY (layer_id, cataloger_set)
);
ALTER TABLE layer_inventories ALTER COLUMN inventory SET STORAGE EXTERNAL;

CREATE TABLE scan_images (
    scan_id  uuid   NOT NULL REFERENCES scans (id),
    position bigint NOT NULL,
    image_id bigint NOT NULL,
    PRIMARY KEY (scan_id, position)
);
CREATE INDEX scan_images_by_image ON scan_images (image_id, scan_id);

-- Layers of images that an open scan waits for, done ones too. It is as small as the open work, so
-- that "does anybody still want this layer" and "which images did it complete" are answered without a
-- walk over every image that ever held a base layer.
CREATE TABLE awaited_layers (
    layer_id      bigint NOT NULL,
    cataloger_set text   NOT NULL,
    image_id      bigint NOT NULL,
    scan_id       uuid   NOT NULL,
    PRIMARY KEY (layer_id, cataloger_set, image_id, scan_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX awaited_layers_by_scan ON awaited_layers (scan_id);
CREATE INDEX awaited_layers_by_image ON awaited_layers (image_id);

-- Which images and layers a tenant's own credentials reached, where, and under which tags.
CREATE TABLE tenant_images (
    tenant_id  uuid        NOT NULL,
    image_id   bigint      NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, image_id)
) WITH (fillfactor = 90);
CREATE INDEX tenant_images_by_last_seen ON tenant_images (tenant_id, last_seen, image_id);

CREATE TABLE tenant_layers (
    tenant_id uuid   NOT NULL,
    layer_id  bigint NOT NULL,
    PRIMARY KEY (tenant_id, layer_id)
);

CREATE TABLE repositories (
    id        bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid   NOT NULL,
    name      text   NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE repository_images (
    repository_id bigint NOT NULL,
    image_id      bigint NOT NULL,
    tenant_id     uuid   NOT NULL,
    PRIMARY KEY (repository_id, image_id)
);
CREATE INDEX repository_images_by_image ON repository_images (image_id, tenant_id);

-- A tag names one image for each platform, from a moment until it moves (valid_to).
CREATE TABLE tags (
    id            bigint      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id     uuid        NOT NULL,
    repository_id bigint      NOT NULL,
    name          text        NOT NULL,
    image_id      bigint      NOT NULL,
    valid_from    timestamptz NOT NULL,
    valid_to      timestamptz
);
CREATE UNIQUE INDEX tags_now ON tags (repository_id, name, image_id) WHERE valid_to IS NULL;
CREATE INDEX tags_by_image ON tags (image_id, tenant_id) WHERE valid_to IS NULL;

CREATE TABLE revisions (
    sequence     bigint      NOT NULL PRIMARY KEY,
    digest       bytea       NOT NULL CHECK (length(digest) = 32),
    date         timestamptz,
    activated_at timestamptz NOT NULL
);

CREATE TABLE findings (
    id            bigint NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- SHA-256 of the content.
    digest        bytea  NOT NULL UNIQUE CHECK (length(digest) = 32),
    vulnerability text   NOT NULL,
    status        text   NOT NULL,
    severity      text   NOT NULL,
    content       text   NOT NULL
);

-- Every id and alias under which a finding is asked for.
CREATE TABLE finding_ids (
    vulnerability text   NOT NULL,
    finding_id    bigint NOT NULL,
    PRIMARY KEY (vulnerability, finding_id)
);

-- last_revision is the last revision at which it held; NULL while it holds.
CREATE TABLE matches (
    package_id     bigint NOT NULL,
    finding_id     bigint NOT NULL,
    first_revision bigint NOT NULL,
    last_revision  bigint,
    PRIMARY KEY (package_id, finding_id, first_revision)
);
CREATE INDEX matches_by_finding ON matches (finding_id, package_id) WHERE last_revision IS NULL;
