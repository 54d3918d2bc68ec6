//! Assembling: an image's package set, its distro and what of it could not be read.

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_package::{Coverage, Digest, Distro, Package};
use sqlx::postgres::PgConnection;

use super::columns::{CoverageColumns, text};
use super::statements::statements;
use super::unused::hold_content;
use crate::PackageSet;
use crate::error::Result;

statements! {
    ADD_DISTRO = "INSERT INTO distros (digest, os_id, version, id_like, name, channels)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING";
    DISTRO = "SELECT id FROM distros WHERE digest = $1";
    ADD_SET = "INSERT INTO package_sets (digest, packages) VALUES ($1, $2)
        ON CONFLICT (digest) DO NOTHING RETURNING id";
    SET = "SELECT id FROM package_sets WHERE digest = $1";
    /// In the order of their digests, so that nobody waits in a circle for each other's packages.
    ADD_PACKAGES = "INSERT INTO packages
            (digest, purl, kind, name, version, arch, source_name, source_version, module,
             distro_id)
        SELECT digest, purl, kind, name, version, arch, source_name, source_version, module,
               CASE WHEN is_os THEN $11::bigint END
        FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::text[], $9::text[], $10::boolean[])
            AS asked (digest, purl, kind, name, version, arch, source_name, source_version, module,
                      is_os)
        WHERE NOT EXISTS (SELECT 1 FROM packages WHERE packages.digest = asked.digest)
        ORDER BY digest
        ON CONFLICT (digest) DO NOTHING";
    ADD_MEMBERS = "INSERT INTO package_set_packages (package_set_id, package_id)
        SELECT $2, id FROM packages WHERE digest = ANY ($1::bytea[]) ORDER BY id";
    /// Whoever reaches the image meanwhile waits, and copies what it becomes.
    LOCK_IMAGE = "SELECT id FROM images WHERE digest = $1 FOR NO KEY UPDATE";
    KEEP_FORMER_SET = "INSERT INTO former_package_sets
            (image_id, package_set_id, assembled_at, assembled_revision, replaced_at)
        SELECT id, package_set_id, assembled_at, assembled_revision, now() FROM images
        WHERE id = $1 AND package_set_id <> $2";
    COPY_SET = "UPDATE tenant_images SET package_set_id = $2
        WHERE image_id = $1 AND package_set_id IS DISTINCT FROM $2";
    /// An image that becomes what it was is no other.
    ASSEMBLED = "UPDATE images
        SET package_set_id = $2, cataloger_set = $3, distro_id = $4, coverage_gaps = $5,
            assembled_at = CASE WHEN package_set_id = $2 THEN assembled_at ELSE now() END,
            assembled_revision = CASE WHEN package_set_id = $2 THEN assembled_revision
                ELSE greatest((SELECT revision FROM package_sets WHERE id = $2),
                              (SELECT revision FROM fleet)) END
        WHERE id = $1";
    FORGET_COVERAGE = "DELETE FROM image_coverage WHERE image_id = $1";
    ADD_COVERAGE = "INSERT INTO image_coverage (image_id, position, kind, subject, detail)
        SELECT $1, place - 1, kind, subject, detail
        FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
            AS gaps (kind, subject, detail, place)";
}

/// What is to be stored.
pub(super) struct Assembly<'a> {
    image: Digest,
    cataloger_set: &'a str,
    set: &'a PackageSet,
    coverage: CoverageColumns,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(
        image: Digest,
        cataloger_set: &'a str,
        set: &'a PackageSet,
        gaps: &[Coverage],
    ) -> Self {
        let mut coverage = CoverageColumns::default();
        for gap in gaps {
            coverage.push(gap);
        }
        Self {
            image,
            cataloger_set,
            set,
            coverage,
        }
    }

    pub(super) async fn run(&self, c: &mut PgConnection) -> Result<()> {
        hold_content(c).await?;
        let distro_id = match &self.set.distro {
            Some(distro) => Some(intern_distro(c, distro).await?),
            None => None,
        };
        let set_id = self.store_set(c, distro_id).await?;
        let image_id: Option<i64> = sqlx::query_scalar(LOCK_IMAGE)
            .bind(self.image.as_bytes().as_slice())
            .fetch_optional(&mut *c)
            .await?;
        let Some(image_id) = image_id else {
            return Ok(());
        };
        for statement in [KEEP_FORMER_SET, COPY_SET] {
            sqlx::query(statement)
                .bind(image_id)
                .bind(set_id)
                .execute(&mut *c)
                .await?;
        }
        sqlx::query(ASSEMBLED)
            .bind(image_id)
            .bind(set_id)
            .bind(self.cataloger_set)
            .bind(distro_id)
            .bind(count_of(self.coverage.kinds.len()))
            .execute(&mut *c)
            .await?;
        self.store_coverage(c, image_id).await
    }

    async fn store_coverage(&self, c: &mut PgConnection, image_id: i64) -> Result<()> {
        sqlx::query(FORGET_COVERAGE)
            .bind(image_id)
            .execute(&mut *c)
            .await?;
        if self.coverage.kinds.is_empty() {
            return Ok(());
        }
        sqlx::query(ADD_COVERAGE)
            .bind(image_id)
            .bind(&self.coverage.kinds)
            .bind(&self.coverage.subjects)
            .bind(&self.coverage.details)
            .execute(c)
            .await?;
        Ok(())
    }

    /// The set's row, with its packages unless it is known. Whoever stores the same set at the same
    /// time waits here for the first.
    async fn store_set(&self, c: &mut PgConnection, distro_id: Option<i64>) -> Result<i64> {
        let digest = self.set.digest.as_bytes().as_slice();
        let known: Option<i64> = sqlx::query_scalar(SET)
            .bind(digest)
            .fetch_optional(&mut *c)
            .await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let new: Option<i64> = sqlx::query_scalar(ADD_SET)
            .bind(digest)
            .bind(count_of(self.set.packages.len()))
            .fetch_optional(&mut *c)
            .await?;
        let Some(set_id) = new else {
            return Ok(sqlx::query_scalar(SET).bind(digest).fetch_one(c).await?);
        };
        let digests = self.add_packages(c, distro_id).await?;
        sqlx::query(ADD_MEMBERS)
            .bind(digests)
            .bind(set_id)
            .execute(c)
            .await?;
        Ok(set_id)
    }

    /// Stores packages that are not known; the digests of them all.
    async fn add_packages(
        &self,
        c: &mut PgConnection,
        distro_id: Option<i64>,
    ) -> Result<Vec<Vec<u8>>> {
        let packages = &self.set.packages;
        let digests: Vec<Vec<u8>> = packages
            .iter()
            .map(|(purl, _)| digest(&SHA256, purl.as_bytes()).as_ref().to_vec())
            .collect();
        let purls: Vec<String> = packages.iter().map(|(purl, _)| text(purl)).collect();
        let column = |read: fn(&Package) -> &str| {
            let texts = packages.iter().map(|(_, package)| text(read(package)));
            texts.collect::<Vec<_>>()
        };
        let optional = |read: fn(&Package) -> Option<&str>| {
            let texts = packages.iter().map(|(_, package)| read(package).map(text));
            texts.collect::<Vec<_>>()
        };
        let are_os: Vec<bool> = packages.iter().map(|(_, p)| p.kind.is_os()).collect();
        sqlx::query(ADD_PACKAGES)
            .bind(&digests)
            .bind(purls)
            .bind(column(|package| package.kind.purl_type()))
            .bind(column(|package| &package.name))
            .bind(column(|package| &package.version))
            .bind(optional(|package| package.arch.as_deref()))
            .bind(optional(|package| {
                package.source.as_ref().map(|source| source.name.as_str())
            }))
            .bind(optional(|package| {
                package
                    .source
                    .as_ref()
                    .map(|source| source.version.as_str())
            }))
            .bind(optional(|package| package.module.as_deref()))
            .bind(are_os)
            .bind(distro_id)
            .execute(c)
            .await?;
        Ok(digests)
    }
}

async fn intern_distro(c: &mut PgConnection, distro: &Distro) -> Result<i64> {
    let parts = [
        text(&distro.id),
        text(&distro.version),
        text(&distro.id_like.join(" ")),
        text(&distro.name),
        text(&distro.channels.join(" ")),
    ];
    // Digests of distros without channels are what they were before there were any.
    let counting = if distro.channels.is_empty() { 4 } else { 5 };
    let digest = digest(&SHA256, parts[..counting].join("\n").as_bytes());
    let known: Option<i64> = sqlx::query_scalar(DISTRO)
        .bind(digest.as_ref())
        .fetch_optional(&mut *c)
        .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    let mut query = sqlx::query(ADD_DISTRO).bind(digest.as_ref());
    for part in &parts {
        query = query.bind(part);
    }
    query.execute(&mut *c).await?;
    Ok(sqlx::query_scalar(DISTRO)
        .bind(digest.as_ref())
        .fetch_one(c)
        .await?)
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
