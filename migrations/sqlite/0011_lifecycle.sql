-- Images come and go: since when a tenant has an image, and since when no more. It means what
-- migrations/postgres/0010_lifecycle.sql means, which says more.

-- When no repository held the image any more, or the tenant let go of it; NULL while it has it.
ALTER TABLE tenant_images ADD COLUMN gone_at INTEGER;
DROP INDEX tenant_images_by_set;
CREATE INDEX tenant_images_by_set
    ON tenant_images (tenant_id, package_set_id, image_id, first_seen, gone_at);
DROP INDEX tenant_images_by_last_seen;
CREATE INDEX tenant_images_by_last_seen ON tenant_images (tenant_id, last_seen, image_id)
    WHERE gone_at IS NULL;
CREATE INDEX tenant_images_gone ON tenant_images (gone_at) WHERE gone_at IS NOT NULL;

ALTER TABLE repository_images ADD COLUMN first_seen INTEGER NOT NULL DEFAULT 0;
-- When the repository last gave it out.
ALTER TABLE repository_images ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;
-- When the repository had it no more; NULL while it has it.
ALTER TABLE repository_images ADD COLUMN gone_at INTEGER;
UPDATE repository_images SET first_seen = seen.first_seen, last_seen = seen.last_seen
    FROM tenant_images AS seen
    WHERE seen.tenant_id = repository_images.tenant_id
      AND seen.image_id = repository_images.image_id;

-- What it names in the registry: the image's manifest, or an index that leads to it. NULL where
-- nobody asked.
ALTER TABLE tags ADD COLUMN digest BLOB;
-- When the registry last said that the tag names the image.
ALTER TABLE tags ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;
UPDATE tags SET last_seen = coalesce(valid_to, valid_from);
CREATE INDEX tags_history ON tags (repository_id, name, valid_from, id);

-- What garbage collection looks by: who still names this row? Foreign keys ask the same, and cannot
-- use an index of some rows.
CREATE INDEX tags_of_image ON tags (image_id, tenant_id);
CREATE INDEX tenant_layers_by_layer ON tenant_layers (layer_id);
CREATE INDEX tenant_images_of_set ON tenant_images (package_set_id);
CREATE INDEX package_keys_by_package ON package_keys (package_id);
CREATE INDEX finding_ids_by_finding ON finding_ids (finding_id);
CREATE INDEX matches_of_finding ON matches (finding_id);
CREATE INDEX changes_by_finding_before ON changes (finding_before_id);
CREATE INDEX changes_by_finding_after ON changes (finding_after_id);
CREATE INDEX scans_of_bulk ON scans (bulk_id);

-- The walk through a repository at its registry, which finds what nobody told us.

-- When the next piece of the walk is due.
ALTER TABLE repositories ADD COLUMN walk_due_at INTEGER NOT NULL DEFAULT 0;
-- Where it goes on; NULL at the beginning.
ALTER TABLE repositories ADD COLUMN walk_cursor TEXT;
CREATE INDEX repositories_by_walk ON repositories (walk_due_at, id);
