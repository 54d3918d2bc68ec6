//! What a scan's reference resolved to, recorded in one transaction.

use scanyard_package::Digest;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query};

use super::columns::{micros, now, write_size};
use super::layers::{LayerRequest, request_layer_jobs};
use crate::error::Result;
use crate::{NewImage, Recorded, ScanId, StoreSettings};

pub(super) struct Recording {
    scan: ScanId,
    cataloger_set: String,
    digests: Vec<Digest>,
    /// The images, as the statements below read them.
    images: String,
    settings: StoreSettings,
    now: i64,
}

#[derive(FromRow)]
struct OpenScan {
    tenant_id: Vec<u8>,
    lane: String,
    platform: Option<String>,
}

impl Recording {
    pub(super) fn new(
        scan: ScanId,
        images: &[NewImage],
        cataloger_set: &str,
        settings: StoreSettings,
    ) -> Self {
        Self {
            scan,
            cataloger_set: cataloger_set.to_owned(),
            digests: images.iter().map(|image| image.digest).collect(),
            images: images.iter().map(image_json).collect::<Value>().to_string(),
            settings,
            now: now(),
        }
    }

    pub(super) async fn run(self, c: &mut SqliteConnection) -> Result<Recorded> {
        let scan: Option<OpenScan> = sqlx::query_as(
            "SELECT tenant_id, lane, platform FROM scans
             WHERE id = ?1 AND state IN ('queued', 'cataloging')",
        )
        .bind(self.scan.0)
        .fetch_optional(&mut *c)
        .await?;
        let Some(scan) = scan else {
            return Ok(Recorded::Ended);
        };
        self.record_content(c).await?;
        self.record_access(c, &scan.tenant_id).await?;
        self.move_tags(c, &scan).await?;
        self.wait_for_layers(c).await?;
        self.request_layers(c, &scan).await?;
        self.outcome(c).await
    }

    /// Images and layers: content, shared by everybody.
    async fn record_content(&self, c: &mut SqliteConnection) -> Result<()> {
        let statements = [
            // What was found in a config that was known before replaces what was not looked for.
            "INSERT INTO images
                 (digest, config_digest, platform, created, labels, config_secrets, config_checks)
             SELECT unhex(value->>'digest'), unhex(value->>'config_digest'), value->>'platform',
                    value->>'created', value->>'labels', unhex(value->>'config_secrets'),
                    unhex(value->>'config_checks')
             FROM json_each(?1) WHERE true
             ON CONFLICT (digest) DO UPDATE
             SET config_secrets = coalesce(excluded.config_secrets, config_secrets),
                 config_checks = coalesce(excluded.config_checks, config_checks)
             WHERE excluded.config_secrets IS NOT NULL OR excluded.config_checks IS NOT NULL",
            "INSERT INTO media_types (name)
             SELECT DISTINCT layer.value->>'media_type'
             FROM json_each(?1) AS image, json_each(image.value, '$.layers') AS layer WHERE true
             ON CONFLICT (name) DO NOTHING",
            "INSERT INTO layers (digest)
             SELECT DISTINCT unhex(layer.value->>'digest')
             FROM json_each(?1) AS image, json_each(image.value, '$.layers') AS layer WHERE true
             ON CONFLICT (digest) DO NOTHING",
            "INSERT INTO image_layers (image_id, position, layer_id, size, media_type_id, is_foreign)
             SELECT images.id, layer.key, layers.id, layer.value->>'size', media_types.id,
                    layer.value->>'is_foreign'
             FROM json_each(?1) AS image
             JOIN json_each(image.value, '$.layers') AS layer
             JOIN images ON images.digest = unhex(image.value->>'digest')
             JOIN layers ON layers.digest = unhex(layer.value->>'digest')
             JOIN media_types ON media_types.name = layer.value->>'media_type'
             WHERE true
             ON CONFLICT (image_id, position) DO NOTHING",
            "INSERT INTO image_tops (layer_id, length, image_id)
             SELECT layers.id, json_array_length(image.value, '$.layers'), images.id
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest')
             JOIN layers ON layers.digest = unhex(image.value->>'$.layers[#-1].digest')
             WHERE true
             ON CONFLICT DO NOTHING",
        ];
        for statement in statements {
            query(statement).bind(&self.images).execute(&mut *c).await?;
        }
        Ok(())
    }

    /// What the tenant's own credentials reached.
    async fn record_access(&self, c: &mut SqliteConnection, tenant: &[u8]) -> Result<()> {
        let statements = [
            "INSERT INTO tenant_images (tenant_id, image_id, first_seen, last_seen, package_set_id)
             SELECT ?2, images.id, ?3, ?3, images.package_set_id
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest') WHERE true
             ON CONFLICT (tenant_id, image_id)
                 DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), gone_at = NULL",
            "INSERT INTO tenant_layers (tenant_id, layer_id)
             SELECT DISTINCT ?2, image_layers.layer_id
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest')
             JOIN image_layers ON image_layers.image_id = images.id
             WHERE NOT image_layers.is_foreign
             ON CONFLICT DO NOTHING",
            "INSERT INTO repositories (tenant_id, name)
             SELECT DISTINCT ?2, name FROM (
                 SELECT value->>'repository' AS name FROM json_each(?1)
                 UNION SELECT value->>'tag_repository' FROM json_each(?1))
             WHERE name IS NOT NULL
             ON CONFLICT DO NOTHING",
            "INSERT INTO repository_images
                 (repository_id, image_id, tenant_id, first_seen, last_seen)
             SELECT repositories.id, images.id, ?2, ?3, ?3
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest')
             JOIN repositories ON repositories.tenant_id = ?2
                 AND repositories.name = image.value->>'repository'
             WHERE true
             ON CONFLICT (repository_id, image_id)
                 DO UPDATE SET last_seen = excluded.last_seen, gone_at = NULL",
        ];
        for statement in statements {
            query(statement)
                .bind(&self.images)
                .bind(tenant)
                .bind(self.now)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }

    /// A tag leaves the images that it no longer names. A scan of one platform says nothing about
    /// the others.
    async fn move_tags(&self, c: &mut SqliteConnection, scan: &OpenScan) -> Result<()> {
        query(
            "WITH named AS MATERIALIZED (
                 SELECT repositories.id AS repository_id, image.value->>'tag' AS name,
                        images.id AS image_id, images.platform
                 FROM json_each(?1) AS image
                 JOIN images ON images.digest = unhex(image.value->>'digest')
                 JOIN repositories ON repositories.tenant_id = ?2
                     AND repositories.name = image.value->>'tag_repository'
             )
             UPDATE tags SET valid_to = ?3
             WHERE valid_to IS NULL
               AND (repository_id, name) IN (SELECT repository_id, name FROM named)
               AND image_id NOT IN (SELECT image_id FROM named)
               AND (?4 IS NULL OR (SELECT platform FROM images WHERE id = tags.image_id)
                                  IN (SELECT platform FROM named))",
        )
        .bind(&self.images)
        .bind(&scan.tenant_id)
        .bind(self.now)
        .bind(&scan.platform)
        .execute(&mut *c)
        .await?;
        query(
            "INSERT INTO tags
                 (tenant_id, repository_id, name, image_id, digest, valid_from, last_seen)
             SELECT ?2, repositories.id, image.value->>'tag', images.id,
                    unhex(image.value->>'root_digest'), ?3, ?3
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest')
             JOIN repositories ON repositories.tenant_id = ?2
                 AND repositories.name = image.value->>'tag_repository'
             WHERE true
             ON CONFLICT (repository_id, name, image_id) WHERE valid_to IS NULL
                 DO UPDATE SET last_seen = excluded.last_seen, digest = excluded.digest",
        )
        .bind(&self.images)
        .bind(&scan.tenant_id)
        .bind(self.now)
        .execute(c)
        .await?;
        Ok(())
    }

    /// Ties the scan to its images. What an earlier delivery of the job recorded is replaced: the
    /// tag may have moved in between.
    async fn wait_for_layers(&self, c: &mut SqliteConnection) -> Result<()> {
        let statements = [
            "DELETE FROM scan_images WHERE scan_id = ?2",
            "DELETE FROM awaited_layers WHERE scan_id = ?2",
            "INSERT INTO scan_images (scan_id, position, image_id)
             SELECT ?2, image.key, images.id
             FROM json_each(?1) AS image
             JOIN images ON images.digest = unhex(image.value->>'digest')",
            "INSERT INTO awaited_layers (layer_id, cataloger_set, image_id, scan_id)
             SELECT DISTINCT image_layers.layer_id, ?3, image_layers.image_id, ?2
             FROM scan_images
             JOIN image_layers ON image_layers.image_id = scan_images.image_id
             WHERE scan_images.scan_id = ?2 AND NOT image_layers.is_foreign",
            "UPDATE scans SET state = 'cataloging', cataloger_set = ?3,
                              started_at = coalesce(started_at, ?4), due_at = ?4 + ?5
             WHERE id = ?2",
        ];
        for statement in statements {
            query(statement)
                .bind(&self.images)
                .bind(self.scan.0)
                .bind(&self.cataloger_set)
                .bind(self.now)
                .bind(micros(self.settings.lost_after))
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }

    /// Asks for the layers that nobody works on. One that waits in the bulk lane is asked for
    /// again when somebody waits: bulk never delays a pipeline.
    async fn request_layers(&self, c: &mut SqliteConnection, scan: &OpenScan) -> Result<()> {
        let requests: Vec<LayerRequest> = sqlx::query_as(
            "INSERT INTO layer_catalogs (layer_id, cataloger_set, state, lane, requests, due_at)
             SELECT DISTINCT layer_id, ?2, 'wanted', ?3, 1, ?4
             FROM awaited_layers WHERE scan_id = ?1
             ON CONFLICT (layer_id, cataloger_set) DO UPDATE
             SET state = 'wanted', lane = excluded.lane, tries = 0, requests = requests + 1,
                 due_at = excluded.due_at, bytes_done = 0
             WHERE state IN ('failed', 'unwanted')
                OR state = 'wanted' AND lane = 'bulk' AND excluded.lane = 'interactive'
             RETURNING layer_id, cataloger_set, lane, requests",
        )
        .bind(self.scan.0)
        .bind(&self.cataloger_set)
        .bind(&scan.lane)
        .bind(self.now.saturating_add(micros(self.settings.lost_after)))
        .fetch_all(&mut *c)
        .await?;
        request_layer_jobs(c, requests).await?;
        Ok(())
    }

    async fn outcome(self, c: &mut SqliteConnection) -> Result<Recorded> {
        let waiting: bool = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT 1 FROM awaited_layers
                 JOIN layer_catalogs USING (layer_id, cataloger_set)
                 WHERE awaited_layers.scan_id = ?1 AND layer_catalogs.state <> 'done')",
        )
        .bind(self.scan.0)
        .fetch_one(c)
        .await?;
        Ok(if waiting {
            Recorded::Waiting
        } else {
            Recorded::Complete(self.digests)
        })
    }
}

fn image_json(image: &NewImage) -> Value {
    let labels: Value = image
        .labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    json!({
        "digest": image.digest.to_hex(),
        "root_digest": image.root_digest.to_hex(),
        "config_digest": image.config_digest.to_hex(),
        "platform": image.platform,
        "created": image.created,
        "labels": labels.to_string(),
        "config_secrets": image.config.secrets.as_ref().map(hex::encode),
        "config_checks": image.config.checks.as_ref().map(hex::encode),
        "repository": image.repository,
        "tag": image.tag.as_ref().map(|tag| &tag.name),
        "tag_repository": image.tag.as_ref().map(|tag| &tag.repository),
        "layers": image.layers.iter().map(|layer| json!({
            "digest": layer.digest.to_hex(),
            "size": write_size(layer.size),
            "media_type": layer.media_type,
            "is_foreign": layer.foreign,
        })).collect::<Value>(),
    })
}
