//! Distinct packages as rows of either store.

use scanyard_package::{Distro, Package, PackageKind, SourcePackage};
use sqlx::FromRow;

use crate::error::Result;
use crate::words::corrupt;
use crate::{PackageId, StoredPackage};

/// A distro that may be absent, as a left join gives it.
#[derive(FromRow)]
pub(crate) struct DistroRow {
    os_id: Option<String>,
    distro_version: Option<String>,
    id_like: Option<String>,
    distro_name: Option<String>,
    channels: Option<String>,
}

impl DistroRow {
    pub(crate) fn read(self) -> Option<Distro> {
        Some(Distro {
            id: self.os_id?,
            version: self.distro_version?,
            id_like: self
                .id_like?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            name: self.distro_name?,
            channels: self
                .channels?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// A package with its distro.
#[derive(FromRow)]
pub(crate) struct PackageRow {
    id: i64,
    purl: String,
    kind: String,
    name: String,
    version: String,
    arch: Option<String>,
    source_name: Option<String>,
    source_version: Option<String>,
    module: Option<String>,
    #[sqlx(flatten)]
    distro: DistroRow,
}

impl PackageRow {
    pub(crate) fn read(self) -> Result<StoredPackage> {
        let source = self.source_name.zip(self.source_version);
        Ok(StoredPackage {
            id: PackageId(self.id),
            purl: self.purl,
            package: Package {
                kind: PackageKind::from_purl_type(&self.kind)
                    .ok_or_else(|| corrupt("kind of package", &self.kind))?,
                name: self.name,
                version: self.version,
                arch: self.arch,
                source: source.map(|(name, version)| SourcePackage { name, version }),
                module: self.module,
            },
            distro: self.distro.read(),
        })
    }
}
