-- A fleet to plan queries on: 20,000 images of 10 layers, of which 6 are a base's; 2,000 package sets of
-- 200 packages out of 40,000; two findings a package.
INSERT INTO revisions (sequence, digest, activated_at) VALUES (1, sha256('revision'), now());
INSERT INTO layers (digest) SELECT sha256(('layer' || n)::bytea) FROM generate_series(1, 81200) AS n;
INSERT INTO media_types (name) VALUES ('application/vnd.oci.image.layer.v1.tar+gzip');
INSERT INTO package_sets (digest, packages, revision, high)
SELECT sha256(('set' || n)::bytea), 200, 1, n % 3 FROM generate_series(1, 2000) AS n;
INSERT INTO packages (digest, purl, kind, name, version, revision)
SELECT sha256(('package' || n)::bytea), 'pkg:deb/debian/p' || n || '@1', 'deb', 'p' || n, '1', 1
FROM generate_series(1, 40000) AS n;
INSERT INTO package_set_packages (package_set_id, package_id)
SELECT set_id, CASE WHEN place <= 150 THEN (set_id % 20) * 150 + place
                    ELSE 3001 + (set_id * 7919 + place * 104729) % 37000 END
FROM generate_series(1, 2000) AS set_id, generate_series(1, 200) AS place
ON CONFLICT DO NOTHING;
INSERT INTO findings
    (digest, vulnerability, status, severity, content, is_fixable, is_known_exploited)
SELECT sha256(('finding' || n)::bytea), 'CVE-' || n, 'affected', 'high', '{}', n % 2 = 0,
       n % 1000 = 0
FROM generate_series(1, 40000) AS n;
INSERT INTO exploit_predictions (vulnerability, probability)
SELECT vulnerability, id / 40001.0 FROM findings;
INSERT INTO finding_ids (vulnerability, finding_id) SELECT vulnerability, id FROM findings;
INSERT INTO matches (package_id, finding_id, first_revision)
SELECT packages.id, 1 + (packages.id * 31 + n * 17) % 40000, 1
FROM packages, generate_series(1, 2) AS n;
INSERT INTO images (digest, config_digest, platform, labels, package_set_id, cataloger_set)
SELECT sha256(('image' || n)::bytea), sha256(('config' || n)::bytea), 'linux/amd64', '{}',
       1 + n % 2000, '1'
FROM generate_series(1, 20000) AS n;
INSERT INTO image_layers (image_id, position, layer_id, size, media_type_id, is_foreign)
SELECT image, place,
       CASE WHEN place < 6 THEN (image % 200) * 6 + place + 1 ELSE 1200 + image * 4 + place - 9 END,
       1000, 1, false
FROM generate_series(1, 20000) AS image, generate_series(0, 9) AS place;
INSERT INTO layer_catalogs (layer_id, cataloger_set, state, lane, requests, due_at)
SELECT id, '1', 'done', 'bulk', 1, now() FROM layers;
UPDATE layer_catalogs SET state = 'wanted' WHERE layer_id > 81000;
INSERT INTO tenant_images (tenant_id, image_id, first_seen, last_seen, package_set_id)
SELECT '00000000-0000-0000-0000-000000000000', id, now(), now() - id * interval '1 second',
       package_set_id
FROM images;
INSERT INTO tenant_layers (tenant_id, layer_id)
SELECT '00000000-0000-0000-0000-000000000000', id FROM layers;
INSERT INTO repositories (tenant_id, name)
SELECT '00000000-0000-0000-0000-000000000000', 'registry.test/r' || n
FROM generate_series(1, 1000) AS n;
INSERT INTO repository_images (repository_id, image_id, tenant_id)
SELECT 1 + id % 1000, id, '00000000-0000-0000-0000-000000000000' FROM images;
INSERT INTO tags (tenant_id, repository_id, name, image_id, valid_from)
SELECT '00000000-0000-0000-0000-000000000000', 1 + id % 1000, 'v' || id, id, now() FROM images;
INSERT INTO scans (id, tenant_id, reference, lane, state, cataloger_set, requests, due_at, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       '00000000-0000-0000-0000-000000000000', 'registry.test/r' || n, 'bulk',
       CASE WHEN n > 19900 THEN 'cataloging' ELSE 'done' END, '1', 1, now(), now()
FROM generate_series(1, 20000) AS n;
INSERT INTO scan_images (scan_id, position, image_id)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, n
FROM generate_series(1, 20000) AS n;
INSERT INTO awaited_layers (layer_id, cataloger_set, image_id, scan_id)
SELECT layer_id, '1', image_id, scan_id FROM scan_images
JOIN image_layers USING (image_id) WHERE image_id > 19900;
INSERT INTO outbox (id, lane, stage, payload)
SELECT 'message' || n, 'bulk', 'image', 'payload' FROM generate_series(1, 2000) AS n;
UPDATE tenant_images SET package_set_id = 1 + image_id % 2000;
INSERT INTO revisions (sequence, digest, activated_at, processed_at)
VALUES (2, sha256('next'), now(), now());
INSERT INTO changes (revision, package_id, vulnerability, kind, finding_after_id)
SELECT 2, n, 'CVE-' || n % 10000, 'new', n FROM generate_series(1, 40000) AS n;
