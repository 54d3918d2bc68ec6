-- Images come and go: since when a tenant has an image, and since when no more.
--
-- * Who asks what is true now asks for `gone_at IS NULL`; who asks about a moment T for
--   `first_seen <= T AND (gone_at IS NULL OR gone_at > T)`. An image that comes back is as if it had
--   never been gone, since what it was in between nobody will ask.
-- * A deletion carries the time at which it happened and changes nothing that was seen later, so that
--   it may come late, twice, or after the push that followed it.
-- * Rows stay until retention removes them.

-- When no repository held the image any more, or the tenant let go of it; NULL while it has it.
ALTER TABLE tenant_images ADD COLUMN gone_at timestamptz;
DROP INDEX tenant_images_by_set;
CREATE INDEX tenant_images_by_set ON tenant_images (tenant_id, package_set_id, image_id)
    INCLUDE (first_seen, gone_at);
DROP INDEX tenant_images_by_last_seen;
CREATE INDEX tenant_images_by_last_seen ON tenant_images (tenant_id, last_seen, image_id)
    WHERE gone_at IS NULL;
CREATE INDEX tenant_images_gone ON tenant_images (gone_at) WHERE gone_at IS NOT NULL;

ALTER TABLE repository_images
    ADD COLUMN first_seen timestamptz NOT NULL DEFAULT now(),
    -- When the repository last gave it out.
    ADD COLUMN last_seen  timestamptz NOT NULL DEFAULT now(),
    -- When the repository had it no more; NULL while it has it.
    ADD COLUMN gone_at    timestamptz;
UPDATE repository_images SET first_seen = seen.first_seen, last_seen = seen.last_seen
    FROM tenant_images AS seen
    WHERE seen.tenant_id = repository_images.tenant_id
      AND seen.image_id = repository_images.image_id;

-- A tag that was deleted names no image: its last rows end, and none begins.
ALTER TABLE tags
    -- What it names in the registry: the image's manifest, or an index that leads to it. NULL where
    -- nobody asked.
    ADD COLUMN digest    bytea CHECK (length(digest) = 32),
    -- When the registry last said that the tag names the image.
    ADD COLUMN last_seen timestamptz NOT NULL DEFAULT now();
UPDATE tags SET last_seen = coalesce(valid_to, valid_from);
CREATE INDEX tags_history ON tags (repository_id, name, valid_from, id);

-- documents.created_at is when a document was last submitted: a scan of it may be on its way.

-- What garbage collection looks by: who still names this row?
CREATE INDEX tags_of_image ON tags (image_id, tenant_id);
CREATE INDEX tenant_layers_by_layer ON tenant_layers (layer_id);
CREATE INDEX package_keys_by_package ON package_keys (package_id);
CREATE INDEX finding_ids_by_finding ON finding_ids (finding_id);
CREATE INDEX matches_by_former_finding ON matches (finding_id) WHERE last_revision IS NOT NULL;

-- The walk through a repository at its registry, which finds what nobody told us.
ALTER TABLE repositories
    -- When the next piece of the walk is due.
    ADD COLUMN walk_due_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Where it goes on; NULL at the beginning.
    ADD COLUMN walk_cursor text;
CREATE INDEX repositories_by_walk ON repositories (walk_due_at, id);
