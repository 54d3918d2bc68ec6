//! What a scan's reference resolved to, recorded in one transaction; then its layers are asked for.

use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{bytes_of, interval, text, write_size};
use super::layers::{LayerRequest, request_layer_jobs};
use super::statements::statements;
use super::unused::hold_content;
use crate::error::Result;
use crate::{NewImage, Recorded, ScanId, StoreSettings};

/// RFC 6838 lets either half of a media type have 127 characters; longer ones are noise that an
/// index does not take.
const MAX_MEDIA_TYPE: usize = 255;

statements! {
    LOCK_SCAN = "SELECT tenant_id, lane, platform FROM scans
                 WHERE id = $1 AND state IN ('queued', 'cataloging') FOR NO KEY UPDATE";
    /// Content is shared by everybody.
    CONTENT = "WITH new_images AS (
            INSERT INTO images
                (digest, config_digest, platform, created, labels, config_secrets, config_checks)
            SELECT digest, config_digest, platform, created, labels, secrets, checks
            FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[], $8::bytea[],
                        $9::bytea[])
                AS asked (digest, config_digest, platform, created, labels, secrets, checks)
            ORDER BY digest
            ON CONFLICT (digest) DO NOTHING
        ), new_media_types AS (
            INSERT INTO media_types (name)
            SELECT DISTINCT name FROM unnest($6::text[]) AS asked (name) ORDER BY name
            ON CONFLICT (name) DO NOTHING
        )
        INSERT INTO layers (digest)
        SELECT DISTINCT digest FROM unnest($7::bytea[]) AS asked (digest) ORDER BY digest
        ON CONFLICT (digest) DO NOTHING";
    /// Of images that were known before anybody looked, or that are looked at by other rules. Rows
    /// that stay as they are are not touched: an image that many scan is not to be locked by each.
    CONFIG_EVIDENCE = "UPDATE images
        SET config_secrets = coalesce(found.secrets, config_secrets),
            config_checks = coalesce(found.checks, config_checks)
        FROM (SELECT images.id, asked.secrets, asked.checks
              FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS asked (digest, secrets, checks)
              JOIN images ON images.digest = asked.digest
              WHERE (asked.secrets IS NOT NULL
                     AND asked.secrets IS DISTINCT FROM images.config_secrets)
                 OR (asked.checks IS NOT NULL
                     AND asked.checks IS DISTINCT FROM images.config_checks)
              ORDER BY images.id FOR NO KEY UPDATE OF images) AS found
        WHERE images.id = found.id";
    IMAGE_LAYERS = "INSERT INTO image_layers
            (image_id, position, layer_id, size, media_type_id, is_foreign)
        SELECT images.id, asked.position, layers.id, asked.size, media_types.id, asked.is_foreign
        FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::text[], $6::boolean[])
            AS asked (image, position, layer, size, media_type, is_foreign)
        JOIN images ON images.digest = asked.image
        JOIN layers ON layers.digest = asked.layer
        JOIN media_types ON media_types.name = asked.media_type
        ORDER BY images.id, asked.position
        ON CONFLICT (image_id, position) DO NOTHING";
    IMAGE_TOPS = "INSERT INTO image_tops (layer_id, length, image_id)
        SELECT DISTINCT ON (image_layers.image_id)
               image_layers.layer_id, image_layers.position + 1, image_layers.image_id
        FROM image_layers
        WHERE image_layers.image_id IN (SELECT id FROM images WHERE digest = ANY ($1::bytea[]))
        ORDER BY image_layers.image_id, image_layers.position DESC
        ON CONFLICT DO NOTHING";
    /// What the tenant's own credentials reached.
    ACCESS = "WITH reached AS (
            INSERT INTO tenant_images (tenant_id, image_id, first_seen, last_seen, package_set_id)
            SELECT $2, id, now(), now(), package_set_id FROM (
                SELECT id, package_set_id FROM images WHERE digest = ANY ($1::bytea[])
                ORDER BY id FOR SHARE
            ) AS found
            ON CONFLICT (tenant_id, image_id)
                DO UPDATE SET last_seen = greatest(tenant_images.last_seen, excluded.last_seen),
                              gone_at = NULL
        ), reached_layers AS (
            INSERT INTO tenant_layers (tenant_id, layer_id)
            SELECT DISTINCT $2::uuid, image_layers.layer_id FROM images
            JOIN image_layers ON image_layers.image_id = images.id
            WHERE images.digest = ANY ($1::bytea[]) AND NOT image_layers.is_foreign
            ORDER BY image_layers.layer_id
            ON CONFLICT DO NOTHING
        )
        INSERT INTO repositories (tenant_id, name)
        SELECT DISTINCT $2::uuid, name FROM unnest($3::text[] || $4::text[]) AS asked (name)
        WHERE name IS NOT NULL ORDER BY name
        ON CONFLICT DO NOTHING";
    REPOSITORY_IMAGES = "INSERT INTO repository_images
            (repository_id, image_id, tenant_id, first_seen, last_seen)
        SELECT DISTINCT repositories.id, images.id, $2::uuid, now(), now()
        FROM unnest($1::bytea[], $3::text[]) AS asked (digest, repository)
        JOIN images ON images.digest = asked.digest
        JOIN repositories ON repositories.tenant_id = $2 AND repositories.name = asked.repository
        ORDER BY repositories.id, images.id
        ON CONFLICT (repository_id, image_id)
            DO UPDATE SET last_seen = excluded.last_seen, gone_at = NULL";
    /// A tag has no row to lock before it names its first image.
    LOCK_TAGS = "SELECT pg_advisory_xact_lock(key) FROM (
            SELECT DISTINCT hashtextextended(concat_ws(' ', $1::uuid, repository, tag), 0) AS key
            FROM unnest($2::text[], $3::text[]) AS asked (repository, tag)
            WHERE tag IS NOT NULL ORDER BY key
        ) AS keys";
    /// A tag leaves the images that it no longer names. A scan of one platform says nothing about
    /// the others.
    LEAVE_TAGS = "WITH named AS MATERIALIZED (
            SELECT repositories.id AS repository_id, asked.tag AS name, images.id AS image_id,
                   images.platform
            FROM unnest($1::bytea[], $3::text[], $4::text[]) AS asked (digest, repository, tag)
            JOIN images ON images.digest = asked.digest
            JOIN repositories ON repositories.tenant_id = $2
                AND repositories.name = asked.repository
        )
        UPDATE tags SET valid_to = now()
        FROM (SELECT DISTINCT repository_id, name FROM named) AS moved
        WHERE tags.repository_id = moved.repository_id AND tags.name = moved.name
          AND tags.valid_to IS NULL
          AND tags.image_id NOT IN (SELECT image_id FROM named)
          AND ($5::text IS NULL OR (SELECT platform FROM images WHERE id = tags.image_id)
                                   IN (SELECT platform FROM named))";
    NAME_TAGS = "INSERT INTO tags
            (tenant_id, repository_id, name, image_id, digest, valid_from, last_seen)
        SELECT DISTINCT ON (repositories.id, asked.tag, images.id)
               $2, repositories.id, asked.tag, images.id, asked.root, now(), now()
        FROM unnest($1::bytea[], $3::text[], $4::text[], $5::bytea[])
            AS asked (digest, repository, tag, root)
        JOIN images ON images.digest = asked.digest
        JOIN repositories ON repositories.tenant_id = $2 AND repositories.name = asked.repository
        ON CONFLICT (repository_id, name, image_id) WHERE valid_to IS NULL
            DO UPDATE SET last_seen = excluded.last_seen, digest = excluded.digest";
    /// What an earlier delivery of the job recorded is replaced: the tag may have moved in between.
    FORGET = "WITH forgotten AS (DELETE FROM scan_images WHERE scan_id = $1)
              DELETE FROM awaited_layers WHERE scan_id = $1";
    WAIT = "WITH images_of_scan AS (
            INSERT INTO scan_images (scan_id, position, image_id)
            SELECT $1, asked.place - 1, images.id
            FROM unnest($2::bytea[]) WITH ORDINALITY AS asked (digest, place)
            JOIN images ON images.digest = asked.digest
            RETURNING image_id
        ), started AS (
            UPDATE scans SET state = 'cataloging', cataloger_set = $3,
                started_at = coalesce(started_at, now()), due_at = now() + $4
            WHERE id = $1
        )
        INSERT INTO awaited_layers (layer_id, cataloger_set, image_id, scan_id)
        SELECT DISTINCT image_layers.layer_id, $3::text, image_layers.image_id, $1::uuid
        FROM images_of_scan
        JOIN image_layers ON image_layers.image_id = images_of_scan.image_id
        WHERE NOT image_layers.is_foreign";
    /// Asks for the layers that nobody works on. One that waits in the bulk lane is asked for again
    /// when somebody waits: bulk never delays a pipeline. Rows that stay as they are are not
    /// touched, because every image of a base would wait for their locks.
    REQUEST = "INSERT INTO layer_catalogs AS catalogs
            (layer_id, cataloger_set, state, lane, requests, due_at)
        SELECT DISTINCT awaited.layer_id, awaited.cataloger_set, 'wanted', $2::text, 1, now() + $3
        FROM awaited_layers AS awaited
        WHERE awaited.scan_id = $1
          AND NOT EXISTS (
              SELECT 1 FROM layer_catalogs AS known
              WHERE known.layer_id = awaited.layer_id
                AND known.cataloger_set = awaited.cataloger_set
                AND (known.state IN ('done', 'leased')
                     OR known.state = 'wanted'
                        AND NOT (known.lane = 'bulk' AND $2::text = 'interactive')))
        ORDER BY awaited.layer_id
        ON CONFLICT (layer_id, cataloger_set) DO UPDATE
        SET state = 'wanted', lane = excluded.lane, tries = 0, requests = catalogs.requests + 1,
            due_at = excluded.due_at, bytes_done = 0
        WHERE catalogs.state IN ('failed', 'unwanted')
           OR catalogs.state = 'wanted' AND catalogs.lane = 'bulk'
              AND excluded.lane = 'interactive'
        RETURNING layer_id, cataloger_set, lane, requests";
    IS_WAITING = "SELECT EXISTS (
            SELECT 1 FROM awaited_layers
            JOIN layer_catalogs USING (layer_id, cataloger_set)
            WHERE awaited_layers.scan_id = $1 AND layer_catalogs.state <> 'done')";
}

/// Images and layers as parameters of arrays.
pub(super) struct Recording<'a> {
    scan: ScanId,
    cataloger_set: &'a str,
    images: &'a [NewImage],
    digests: Vec<Digest>,
    roots: Vec<Digest>,
    repositories: Vec<String>,
    tag_repositories: Vec<Option<String>>,
    tags: Vec<Option<String>>,
    config_secrets: Vec<Option<&'a [u8]>>,
    config_checks: Vec<Option<&'a [u8]>>,
    settings: StoreSettings,
}

#[derive(FromRow)]
struct OpenScan {
    tenant_id: Uuid,
    lane: String,
    platform: Option<String>,
}

impl<'a> Recording<'a> {
    pub(super) fn new(
        scan: ScanId,
        images: &'a [NewImage],
        cataloger_set: &'a str,
        settings: StoreSettings,
    ) -> Self {
        let tags = || images.iter().map(|image| image.tag.as_ref());
        let configs = || images.iter().map(|image| &image.config);
        Self {
            scan,
            cataloger_set,
            images,
            digests: images.iter().map(|image| image.digest).collect(),
            roots: images.iter().map(|image| image.root_digest).collect(),
            repositories: images.iter().map(|image| text(&image.repository)).collect(),
            tag_repositories: tags()
                .map(|tag| tag.map(|tag| text(&tag.repository)))
                .collect(),
            tags: tags().map(|tag| tag.map(|tag| text(&tag.name))).collect(),
            config_secrets: configs().map(|config| config.secrets.as_deref()).collect(),
            config_checks: configs().map(|config| config.checks.as_deref()).collect(),
            settings,
        }
    }

    /// Records everything, in one transaction; the lane of the scan, if it has not ended.
    pub(super) async fn record(&self, c: &mut PgConnection) -> Result<Option<String>> {
        let scan: Option<OpenScan> = sqlx::query_as(LOCK_SCAN)
            .bind(self.scan.0)
            .fetch_optional(&mut *c)
            .await?;
        let Some(scan) = scan else {
            return Ok(None);
        };
        hold_content(c).await?;
        self.record_content(c).await?;
        self.record_config_evidence(c).await?;
        self.record_layers(c).await?;
        self.record_access(c, scan.tenant_id).await?;
        if self.tags.iter().any(Option::is_some) {
            self.move_tags(c, &scan).await?;
        }
        self.wait_for_layers(c).await?;
        Ok(Some(scan.lane))
    }

    /// Asks for the layers, in a transaction of its own: by now everybody sees that the scan waits,
    /// so a layer that it finds in good hands stays there (see `claim`). Until it is committed the
    /// scan's own job is not done, and comes again.
    pub(super) async fn request(&self, c: &mut PgConnection, lane: &str) -> Result<Recorded> {
        let requests: Vec<LayerRequest> = sqlx::query_as(REQUEST)
            .bind(self.scan.0)
            .bind(lane)
            .bind(interval(self.settings.lost_after))
            .fetch_all(&mut *c)
            .await?;
        request_layer_jobs(c, requests).await?;
        let waiting: bool = sqlx::query_scalar(IS_WAITING)
            .bind(self.scan.0)
            .fetch_one(c)
            .await?;
        Ok(if waiting {
            Recorded::Waiting
        } else {
            Recorded::Complete(self.digests.clone())
        })
    }

    async fn record_content(&self, c: &mut PgConnection) -> Result<()> {
        let images = self.images;
        let configs: Vec<Digest> = images.iter().map(|image| image.config_digest).collect();
        let platforms: Vec<String> = images.iter().map(|image| text(&image.platform)).collect();
        let created: Vec<Option<String>> = images
            .iter()
            .map(|image| image.created.as_deref().map(text))
            .collect();
        let labels = images
            .iter()
            .map(|image| serde_json::json!(image.labels).to_string());
        let layers = || images.iter().flat_map(|image| &image.layers);
        let media_types: Vec<String> = layers().map(|l| media_type(&l.media_type)).collect();
        let layers: Vec<Digest> = layers().map(|layer| layer.digest).collect();
        sqlx::query(CONTENT)
            .bind(bytes_of(&self.digests))
            .bind(bytes_of(&configs))
            .bind(platforms)
            .bind(created)
            .bind(labels.collect::<Vec<_>>())
            .bind(media_types)
            .bind(bytes_of(&layers))
            .bind(&self.config_secrets)
            .bind(&self.config_checks)
            .execute(c)
            .await?;
        Ok(())
    }

    async fn record_config_evidence(&self, c: &mut PgConnection) -> Result<()> {
        let mut found = self.config_secrets.iter().chain(&self.config_checks);
        if found.all(Option::is_none) {
            return Ok(());
        }
        sqlx::query(CONFIG_EVIDENCE)
            .bind(bytes_of(&self.digests))
            .bind(&self.config_secrets)
            .bind(&self.config_checks)
            .execute(c)
            .await?;
        Ok(())
    }

    async fn record_layers(&self, c: &mut PgConnection) -> Result<()> {
        let layers: Vec<_> = self
            .images
            .iter()
            .flat_map(|image| {
                (0_i64..)
                    .zip(&image.layers)
                    .map(|place| (image.digest, place))
            })
            .collect();
        let images: Vec<Digest> = layers.iter().map(|(image, _)| *image).collect();
        let positions: Vec<i64> = layers.iter().map(|(_, (position, _))| *position).collect();
        let digests: Vec<Digest> = layers.iter().map(|(_, (_, layer))| layer.digest).collect();
        let sizes = layers.iter().map(|(_, (_, layer))| write_size(layer.size));
        let media_types = layers
            .iter()
            .map(|(_, (_, layer))| media_type(&layer.media_type));
        let foreign: Vec<bool> = layers.iter().map(|(_, (_, layer))| layer.foreign).collect();
        sqlx::query(IMAGE_LAYERS)
            .bind(bytes_of(&images))
            .bind(positions)
            .bind(bytes_of(&digests))
            .bind(sizes.collect::<Vec<_>>())
            .bind(media_types.collect::<Vec<_>>())
            .bind(foreign)
            .execute(&mut *c)
            .await?;
        sqlx::query(IMAGE_TOPS)
            .bind(bytes_of(&self.digests))
            .execute(c)
            .await?;
        Ok(())
    }

    async fn record_access(&self, c: &mut PgConnection, tenant: Uuid) -> Result<()> {
        sqlx::query(ACCESS)
            .bind(bytes_of(&self.digests))
            .bind(tenant)
            .bind(&self.repositories)
            .bind(&self.tag_repositories)
            .execute(&mut *c)
            .await?;
        sqlx::query(REPOSITORY_IMAGES)
            .bind(bytes_of(&self.digests))
            .bind(tenant)
            .bind(&self.repositories)
            .execute(c)
            .await?;
        Ok(())
    }

    async fn move_tags(&self, c: &mut PgConnection, scan: &OpenScan) -> Result<()> {
        sqlx::query(LOCK_TAGS)
            .bind(scan.tenant_id)
            .bind(&self.tag_repositories)
            .bind(&self.tags)
            .execute(&mut *c)
            .await?;
        sqlx::query(LEAVE_TAGS)
            .bind(bytes_of(&self.digests))
            .bind(scan.tenant_id)
            .bind(&self.tag_repositories)
            .bind(&self.tags)
            .bind(&scan.platform)
            .execute(&mut *c)
            .await?;
        sqlx::query(NAME_TAGS)
            .bind(bytes_of(&self.digests))
            .bind(scan.tenant_id)
            .bind(&self.tag_repositories)
            .bind(&self.tags)
            .bind(bytes_of(&self.roots))
            .execute(c)
            .await?;
        Ok(())
    }

    async fn wait_for_layers(&self, c: &mut PgConnection) -> Result<()> {
        sqlx::query(FORGET)
            .bind(self.scan.0)
            .execute(&mut *c)
            .await?;
        sqlx::query(WAIT)
            .bind(self.scan.0)
            .bind(bytes_of(&self.digests))
            .bind(self.cataloger_set)
            .bind(interval(self.settings.lost_after))
            .execute(c)
            .await?;
        Ok(())
    }
}

fn media_type(name: &str) -> String {
    text(name).chars().take(MAX_MEDIA_TYPE).collect()
}
