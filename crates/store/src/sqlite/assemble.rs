//! Assembling: an image's package set, its distro and what of it could not be read.

use scanyard_package::{Coverage, Digest, Distro};
use serde_json::{Value, json};
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::columns::now;
use crate::PackageSet;
use crate::error::Result;

/// What is to be stored, as the statements read it.
pub(super) struct Assembly {
    image: Digest,
    cataloger_set: String,
    set: Digest,
    package_count: i64,
    packages: String,
    distros: String,
    distro: Option<Distro>,
    coverage: String,
    coverage_gaps: i64,
}

impl Assembly {
    pub(super) fn new(
        image: Digest,
        cataloger_set: &str,
        set: &PackageSet,
        coverage: &[Coverage],
    ) -> Self {
        let distro = set.distro.as_ref();
        Self {
            image,
            cataloger_set: cataloger_set.to_owned(),
            set: set.digest,
            package_count: i64::try_from(set.packages.len()).unwrap_or(i64::MAX),
            packages: packages_json(set).to_string(),
            distros: distro
                .map(distro_json)
                .into_iter()
                .collect::<Value>()
                .to_string(),
            distro: set.distro.clone(),
            coverage: coverage
                .iter()
                .map(coverage_json)
                .collect::<Value>()
                .to_string(),
            coverage_gaps: i64::try_from(coverage.len()).unwrap_or(i64::MAX),
        }
    }

    pub(super) async fn run(self, c: &mut SqliteConnection) -> Result<()> {
        let distro_id = self.intern_distro(c).await?;
        let set_id = self.store_set(c, distro_id).await?;
        let statements = [
            "INSERT INTO former_package_sets
                 (image_id, package_set_id, assembled_at, assembled_revision, replaced_at)
             SELECT id, package_set_id, assembled_at, assembled_revision, ?6 FROM images
             WHERE digest = ?1 AND package_set_id <> ?2",
            "UPDATE tenant_images SET package_set_id = ?2
             WHERE image_id = (SELECT id FROM images WHERE digest = ?1)",
            // An image that becomes what it was is no other.
            "UPDATE images SET
                 package_set_id = ?2, cataloger_set = ?3, distro_id = ?4, coverage_gaps = ?5,
                 assembled_at = iif(package_set_id IS ?2, assembled_at, ?6),
                 assembled_revision = iif(package_set_id IS ?2, assembled_revision,
                     max((SELECT revision FROM package_sets WHERE id = ?2),
                         (SELECT revision FROM fleet)))
             WHERE digest = ?1",
        ];
        for statement in statements {
            query(statement)
                .bind(self.image.as_bytes().as_slice())
                .bind(set_id)
                .bind(&self.cataloger_set)
                .bind(distro_id)
                .bind(self.coverage_gaps)
                .bind(now())
                .execute(&mut *c)
                .await?;
        }
        query(
            "DELETE FROM image_coverage WHERE image_id = (SELECT id FROM images WHERE digest = ?1)",
        )
        .bind(self.image.as_bytes().as_slice())
        .execute(&mut *c)
        .await?;
        query(
            "INSERT INTO image_coverage (image_id, position, kind, subject, detail)
             SELECT images.id, gap.key, gap.value->>'kind', gap.value->>'subject',
                    gap.value->>'detail'
             FROM images, json_each(?2) AS gap WHERE images.digest = ?1",
        )
        .bind(self.image.as_bytes().as_slice())
        .bind(&self.coverage)
        .execute(c)
        .await?;
        Ok(())
    }

    async fn intern_distro(&self, c: &mut SqliteConnection) -> Result<Option<i64>> {
        if self.distro.is_none() {
            return Ok(None);
        }
        query(
            "INSERT INTO distros (os_id, version, id_like, name, channels)
             SELECT value->>'os_id', value->>'version', value->>'id_like', value->>'name',
                    value->>'channels'
             FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING",
        )
        .bind(&self.distros)
        .execute(&mut *c)
        .await?;
        let id = sqlx::query_scalar(
            "SELECT distros.id FROM json_each(?1)
             JOIN distros ON os_id = value->>'os_id' AND version = value->>'version'
                 AND id_like = value->>'id_like' AND name = value->>'name'
                 AND channels = value->>'channels'",
        )
        .bind(&self.distros)
        .fetch_one(c)
        .await?;
        Ok(Some(id))
    }

    /// The set's row, with its packages unless it is known.
    async fn store_set(&self, c: &mut SqliteConnection, distro_id: Option<i64>) -> Result<i64> {
        let digest = self.set.as_bytes().as_slice();
        let new: Option<i64> = sqlx::query_scalar(
            "INSERT INTO package_sets (digest, packages) VALUES (?1, ?2)
             ON CONFLICT (digest) DO NOTHING RETURNING id",
        )
        .bind(digest)
        .bind(self.package_count)
        .fetch_optional(&mut *c)
        .await?;
        let Some(set_id) = new else {
            let known = sqlx::query_scalar("SELECT id FROM package_sets WHERE digest = ?1")
                .bind(digest)
                .fetch_one(c)
                .await?;
            return Ok(known);
        };
        let statements = [
            "INSERT INTO packages (purl, kind, name, version, arch, source_name, source_version,
                                   module, distro_id)
             SELECT value->>'purl', value->>'kind', value->>'name', value->>'version',
                    value->>'arch', value->>'source_name', value->>'source_version',
                    value->>'module', iif(value->>'is_os', ?2, NULL)
             FROM json_each(?1) WHERE true
             ON CONFLICT (purl) DO NOTHING",
            "INSERT INTO package_set_packages (package_set_id, package_id)
             SELECT ?3, packages.id FROM json_each(?1)
             JOIN packages ON packages.purl = value->>'purl' WHERE true
             ON CONFLICT DO NOTHING",
        ];
        for statement in statements {
            query(statement)
                .bind(&self.packages)
                .bind(distro_id)
                .bind(set_id)
                .execute(&mut *c)
                .await?;
        }
        Ok(set_id)
    }
}

fn packages_json(set: &PackageSet) -> Value {
    set.packages
        .iter()
        .map(|(purl, package)| {
            json!({
                "purl": purl,
                "kind": package.kind.purl_type(),
                "name": package.name,
                "version": package.version,
                "arch": package.arch,
                "source_name": package.source.as_ref().map(|source| &source.name),
                "source_version": package.source.as_ref().map(|source| &source.version),
                "module": package.module,
                "is_os": package.kind.is_os(),
            })
        })
        .collect()
}

fn distro_json(distro: &Distro) -> Value {
    json!({
        "os_id": distro.id,
        "version": distro.version,
        "id_like": distro.id_like.join(" "),
        "name": distro.name,
        "channels": distro.channels.join(" "),
    })
}

fn coverage_json(gap: &Coverage) -> Value {
    json!({ "kind": gap.kind.name(), "subject": gap.subject, "detail": gap.detail })
}
