-- The store of an installation without servers.
--
-- * Layers, package sets, packages and findings are content-addressed and shared by everybody; who may
--   see an image is said by the tenant's own rows. Every tenant-owned row carries tenant_id.
-- * Content is named by digest outside and by integer inside: an image has many layers and a package
--   set many packages, and those rows are what grows, so they hold integers only.
-- * A match is a package, a finding and the revisions over which it held. What a finding says (JSON) is
--   stored once, however many packages have it; so a new revision costs rows for what changed only.
-- * Times are microseconds since 1970, UTC. Digests are 32 bytes, ids of scans, keys and tenants 16.

CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    prefix     TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

-- One row, written to learn whether the disk takes writes.
CREATE TABLE write_checks (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    checked_at INTEGER NOT NULL
) STRICT;

-- Scans. Their ids are UUIDs of version 7: ordered by time.
CREATE TABLE scans (
    id                BLOB    NOT NULL PRIMARY KEY,
    tenant_id         BLOB    NOT NULL,
    reference         TEXT    NOT NULL,
    platform          TEXT,
    lane              TEXT    NOT NULL,
    state             TEXT    NOT NULL,
    idempotency_key   TEXT,
    traceparent       TEXT,
    cataloger_set     TEXT,
    failure_code      TEXT,
    failure_message   TEXT,
    failure_remedy    TEXT,
    failure_retryable INTEGER,
    -- How often an image job was asked for: the number in its message id.
    requests          INTEGER NOT NULL,
    -- How often that was because it was lost.
    tries             INTEGER NOT NULL DEFAULT 0,
    -- When its image job counts as lost.
    due_at            INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX scans_by_tenant ON scans (tenant_id, id);
CREATE INDEX scans_by_state ON scans (tenant_id, state, id);
CREATE INDEX scans_by_reference ON scans (tenant_id, reference, id);
CREATE UNIQUE INDEX scans_by_idempotency_key ON scans (tenant_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX scans_open ON scans (due_at) WHERE state IN ('queued', 'cataloging');

CREATE TABLE outbox (
    sequence    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    lane        TEXT    NOT NULL,
    stage       TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    traceparent TEXT
) STRICT;

CREATE TABLE distros (
    id      INTEGER NOT NULL PRIMARY KEY,
    os_id   TEXT    NOT NULL,
    version TEXT    NOT NULL,
    id_like TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    UNIQUE (os_id, version, id_like, name)
) STRICT;

CREATE TABLE package_sets (
    id            INTEGER NOT NULL PRIMARY KEY,
    digest        BLOB    NOT NULL UNIQUE,
    packages      INTEGER NOT NULL,
    -- The summary: findings that held at the revision, 0 before the first.
    revision      INTEGER NOT NULL DEFAULT 0,
    critical      INTEGER NOT NULL DEFAULT 0,
    high          INTEGER NOT NULL DEFAULT 0,
    medium        INTEGER NOT NULL DEFAULT 0,
    low           INTEGER NOT NULL DEFAULT 0,
    negligible    INTEGER NOT NULL DEFAULT 0,
    unknown       INTEGER NOT NULL DEFAULT 0,
    undetermined  INTEGER NOT NULL DEFAULT 0,
    coverage_gaps INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX package_sets_by_revision ON package_sets (revision, id);

CREATE TABLE packages (
    id             INTEGER NOT NULL PRIMARY KEY,
    purl           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    arch           TEXT,
    source_name    TEXT,
    source_version TEXT,
    distro_id      INTEGER REFERENCES distros (id),
    -- The last revision at which it was matched, 0 before the first.
    revision       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX packages_by_revision ON packages (revision, id);

CREATE TABLE package_set_packages (
    package_set_id INTEGER NOT NULL REFERENCES package_sets (id),
    package_id     INTEGER NOT NULL REFERENCES packages (id),
    PRIMARY KEY (package_set_id, package_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX package_set_packages_by_package ON package_set_packages (package_id, package_set_id);

CREATE TABLE package_coverage (
    package_id INTEGER NOT NULL REFERENCES packages (id),
    position   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    PRIMARY KEY (package_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE images (
    id            INTEGER NOT NULL PRIMARY KEY,
    digest        BLOB    NOT NULL UNIQUE,
    config_digest BLOB    NOT NULL,
    platform      TEXT    NOT NULL,
    created       TEXT,
    labels        TEXT    NOT NULL,
    -- What it was assembled to, and by which cataloger set.
    package_set_id INTEGER REFERENCES package_sets (id),
    cataloger_set  TEXT,
    distro_id      INTEGER REFERENCES distros (id),
    coverage_gaps  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX images_by_package_set ON images (package_set_id, id);

CREATE TABLE image_coverage (
    image_id INTEGER NOT NULL REFERENCES images (id),
    position INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    PRIMARY KEY (image_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE layers (
    id     INTEGER NOT NULL PRIMARY KEY,
    digest BLOB    NOT NULL UNIQUE
) STRICT;

CREATE TABLE media_types (
    id   INTEGER NOT NULL PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE image_layers (
    image_id      INTEGER NOT NULL REFERENCES images (id),
    position      INTEGER NOT NULL,
    layer_id      INTEGER NOT NULL REFERENCES layers (id),
    size          INTEGER NOT NULL,
    media_type_id INTEGER NOT NULL REFERENCES media_types (id),
    is_foreign    INTEGER NOT NULL,
    PRIMARY KEY (image_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_layers_by_layer ON image_layers (layer_id, image_id);

-- The cataloging of a layer by a cataloger set. States: wanted (a job is on its way), leased, done,
-- failed, unwanted (no scan waited when its job came, so that the next scan must ask again).
CREATE TABLE layer_catalogs (
    layer_id           INTEGER NOT NULL REFERENCES layers (id),
    cataloger_set      TEXT    NOT NULL,
    state              TEXT    NOT NULL,
    lane               TEXT    NOT NULL,
    -- Counts claims, ever: a late worker's number no longer fits.
    attempt            INTEGER NOT NULL DEFAULT 0,
    -- Counts claims since a scan last asked: too many mean that it brings workers down.
    tries              INTEGER NOT NULL DEFAULT 0,
    -- How often a job was asked for: the number in its message id.
    requests           INTEGER NOT NULL,
    -- When the lease expires or the job counts as lost.
    due_at             INTEGER NOT NULL,
    bytes_done         INTEGER NOT NULL DEFAULT 0,
    diff_id            BLOB,
    compressed_bytes   INTEGER,
    decompressed_bytes INTEGER,
    PRIMARY KEY (layer_id, cataloger_set)
) STRICT, WITHOUT ROWID;

CREATE TABLE layer_inventories (
    layer_id      INTEGER NOT NULL REFERENCES layers (id),
    cataloger_set TEXT    NOT NULL,
    -- Bytes of the inventory, which is stored compressed (zstd).
    size          INTEGER NOT NULL,
    inventory     BLOB    NOT NULL,
    PRIMARY KEY (layer_id, cataloger_set)
) STRICT;

CREATE TABLE scan_images (
    scan_id  BLOB    NOT NULL REFERENCES scans (id),
    position INTEGER NOT NULL,
    image_id INTEGER NOT NULL REFERENCES images (id),
    PRIMARY KEY (scan_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX scan_images_by_image ON scan_images (image_id, scan_id);

-- Layers of images that an open scan waits for, done ones too. It is as small as the open work, so
-- that "does anybody still want this layer" and "which images did it complete" are answered without a
-- walk over every image that ever held a base layer.
CREATE TABLE awaited_layers (
    layer_id      INTEGER NOT NULL REFERENCES layers (id),
    cataloger_set TEXT    NOT NULL,
    image_id      INTEGER NOT NULL REFERENCES images (id),
    scan_id       BLOB    NOT NULL REFERENCES scans (id),
    PRIMARY KEY (layer_id, cataloger_set, image_id, scan_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX awaited_layers_by_scan ON awaited_layers (scan_id);
CREATE INDEX awaited_layers_by_image ON awaited_layers (image_id);

-- Which images and layers a tenant's own credentials reached, where, and under which tags.
CREATE TABLE tenant_images (
    tenant_id  BLOB    NOT NULL,
    image_id   INTEGER NOT NULL REFERENCES images (id),
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, image_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tenant_images_by_last_seen ON tenant_images (tenant_id, last_seen, image_id);

CREATE TABLE tenant_layers (
    tenant_id BLOB    NOT NULL,
    layer_id  INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (tenant_id, layer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE repositories (
    id        INTEGER NOT NULL PRIMARY KEY,
    tenant_id BLOB    NOT NULL,
    name      TEXT    NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE repository_images (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    image_id      INTEGER NOT NULL REFERENCES images (id),
    tenant_id     BLOB    NOT NULL,
    PRIMARY KEY (repository_id, image_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_images_by_image ON repository_images (image_id, tenant_id);

-- A tag names one image for each platform, from a moment until it moves (valid_to).
CREATE TABLE tags (
    id            INTEGER NOT NULL PRIMARY KEY,
    tenant_id     BLOB    NOT NULL,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name          TEXT    NOT NULL,
    image_id      INTEGER NOT NULL REFERENCES images (id),
    valid_from    INTEGER NOT NULL,
    valid_to      INTEGER
) STRICT;
CREATE UNIQUE INDEX tags_now ON tags (repository_id, name, image_id) WHERE valid_to IS NULL;
CREATE INDEX tags_by_image ON tags (image_id, tenant_id) WHERE valid_to IS NULL;

CREATE TABLE revisions (
    sequence     INTEGER NOT NULL PRIMARY KEY,
    digest       BLOB    NOT NULL,
    date         INTEGER,
    activated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE findings (
    id            INTEGER NOT NULL PRIMARY KEY,
    -- SHA-256 of the content.
    digest        BLOB    NOT NULL UNIQUE,
    vulnerability TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    severity      TEXT    NOT NULL,
    content       TEXT    NOT NULL
) STRICT;

-- Every id and alias under which a finding is asked for.
CREATE TABLE finding_ids (
    vulnerability TEXT    NOT NULL,
    finding_id    INTEGER NOT NULL REFERENCES findings (id),
    PRIMARY KEY (vulnerability, finding_id)
) STRICT, WITHOUT ROWID;

-- last_revision is the last revision at which it held; NULL while it holds.
CREATE TABLE matches (
    package_id     INTEGER NOT NULL REFERENCES packages (id),
    finding_id     INTEGER NOT NULL REFERENCES findings (id),
    first_revision INTEGER NOT NULL,
    last_revision  INTEGER,
    PRIMARY KEY (package_id, finding_id, first_revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX matches_by_finding ON matches (finding_id, package_id) WHERE last_revision IS NULL;
