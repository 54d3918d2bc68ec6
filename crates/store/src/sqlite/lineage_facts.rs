//! Facts about layers and contents of images.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use super::held_findings::held;
use super::question_facts::{SqliteFacts, json, micros_of};
use crate::TenantId;
use crate::error::Result;
use crate::questions::{LineageFacts, Moment, MovedTag};

macro_rules! findings_of_set {
    ($moment:ident) => {
        concat!(
            "SELECT packages.purl, findings.content FROM package_set_packages AS members",
            held!($moment, "held.package_id = members.package_id"),
            " JOIN findings ON findings.id = held.finding_id
             JOIN packages ON packages.id = members.package_id
             WHERE members.package_set_id = ?2
             ORDER BY packages.purl, findings.vulnerability, findings.id"
        )
    };
}

/// That an image begins with the layers of another.
macro_rules! begins_with {
    ($image:literal, $base:literal) => {
        concat!(
            "NOT EXISTS (
                SELECT 1 FROM image_layers AS theirs
                JOIN image_layers AS own ON own.position = theirs.position AND own.image_id = ",
            $image,
            " WHERE own.layer_id <> theirs.layer_id AND theirs.image_id = ",
            $base,
            ")"
        )
    };
}

const FIND: &str = "SELECT images.id,
               CASE WHEN ?3 IS NULL OR images.assembled_at IS NULL
                         OR images.assembled_at <= ?3 THEN images.package_set_id
                    ELSE (SELECT former.package_set_id FROM former_package_sets AS former
                          WHERE former.image_id = images.id AND former.assembled_at <= ?3
                            AND former.replaced_at > ?3 LIMIT 1) END
        FROM images
        JOIN tenant_images ON tenant_images.tenant_id = ?1 AND tenant_images.image_id = images.id
        WHERE images.digest = ?2
          AND CASE WHEN ?3 IS NULL THEN tenant_images.gone_at IS NULL
                   ELSE tenant_images.first_seen <= ?3
                        AND (tenant_images.gone_at IS NULL OR tenant_images.gone_at > ?3) END";
const PURLS: &str = "SELECT packages.purl FROM package_set_packages AS members
        JOIN packages ON packages.id = members.package_id
        WHERE members.package_set_id = ?1 ORDER BY packages.purl";
const FINDINGS_NOW: &str = findings_of_set!(now);
const FINDINGS_THEN: &str = findings_of_set!(then);
const BASES: &str = concat!(
    "SELECT mine.image_id, tops.image_id, tops.length
        FROM image_layers AS mine
        JOIN image_tops AS tops ON tops.layer_id = mine.layer_id
            AND tops.length = mine.position + 1 AND tops.image_id <> mine.image_id
        JOIN tenant_images ON tenant_images.tenant_id = ?1
            AND tenant_images.image_id = tops.image_id
        WHERE mine.image_id IN (SELECT value FROM json_each(?2))
          AND EXISTS (SELECT 1 FROM image_layers AS higher
                      WHERE higher.image_id = mine.image_id
                        AND higher.position = mine.position + 1)
          AND ",
    begins_with!("mine.image_id", "tops.image_id"),
    " ORDER BY mine.image_id, tops.length DESC, tops.image_id"
);
const MOVED_TAGS: &str =
    "SELECT moved.image_id, current.image_id, newer.package_set_id, repositories.name,
               moved.name
        FROM tags AS moved
        JOIN images AS older ON older.id = moved.image_id
        JOIN tags AS current ON current.repository_id = moved.repository_id
            AND current.name = moved.name AND current.valid_to IS NULL
            AND current.image_id <> moved.image_id
        JOIN images AS newer ON newer.id = current.image_id AND newer.platform = older.platform
            AND newer.package_set_id IS NOT NULL
        JOIN repositories ON repositories.id = moved.repository_id
        WHERE moved.tenant_id = ?1 AND moved.image_id IN (SELECT value FROM json_each(?2))
          AND moved.valid_to IS NOT NULL
        ORDER BY moved.image_id, moved.valid_to DESC, moved.id";
const BUILT_ON: &str = concat!(
    "SELECT held.image_id FROM image_tops AS tops
        JOIN image_layers AS held ON held.layer_id = tops.layer_id
            AND held.position = tops.length - 1 AND held.image_id <> tops.image_id
        JOIN tenant_images ON tenant_images.tenant_id = ?1
            AND tenant_images.image_id = held.image_id AND tenant_images.gone_at IS NULL
        WHERE tops.image_id = ?2 AND held.image_id > ?3
          AND ",
    begins_with!("held.image_id", "tops.image_id"),
    " ORDER BY held.image_id LIMIT ?4"
);

#[async_trait]
impl LineageFacts for SqliteFacts<'_> {
    async fn find_image(
        &mut self,
        tenant: TenantId,
        digest: Digest,
        at: Option<DateTime<Utc>>,
    ) -> Result<Option<(i64, Option<i64>)>> {
        Ok(sqlx::query_as(FIND)
            .bind(tenant.0)
            .bind(digest.as_bytes().as_slice())
            .bind(at.map(micros_of))
            .fetch_optional(&mut *self.0)
            .await?)
    }

    async fn purls_of_set(&mut self, set: i64) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(PURLS)
            .bind(set)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn findings_of_set(&mut self, set: i64, moment: Moment) -> Result<Vec<(String, String)>> {
        let statement = match moment {
            Moment::Now => FINDINGS_NOW,
            Moment::Then { .. } => FINDINGS_THEN,
        };
        Ok(sqlx::query_as(statement)
            .bind(moment.revision())
            .bind(set)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn bases_of_images(
        &mut self,
        tenant: TenantId,
        images: &[i64],
    ) -> Result<Vec<(i64, i64, i64)>> {
        Ok(sqlx::query_as(BASES)
            .bind(tenant.0)
            .bind(json(images))
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn moved_tags(&mut self, tenant: TenantId, images: &[i64]) -> Result<Vec<MovedTag>> {
        Ok(sqlx::query_as(MOVED_TAGS)
            .bind(tenant.0)
            .bind(json(images))
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn images_built_on(
        &mut self,
        tenant: TenantId,
        base: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar(BUILT_ON)
            .bind(tenant.0)
            .bind(base)
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *self.0)
            .await?)
    }
}
