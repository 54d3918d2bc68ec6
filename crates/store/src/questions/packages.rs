//! Packages by name, and how far they reach.

use scanyard_package::PackageKind;

use super::Facts;
use super::scope::resolve;
use crate::error::Result;
use crate::words::{corrupt, read_size};
use crate::{NamedPackage, PackageId, PackageName, Selection, TenantId};

/// Id, purl, kind and the version of what has the name.
pub(crate) type NamedRow = (i64, String, String, String);

pub(crate) fn read_named(rows: Vec<NamedRow>) -> Result<Vec<NamedPackage>> {
    let read = |(id, purl, kind, version): NamedRow| {
        Ok(NamedPackage {
            id: PackageId(id),
            purl,
            kind: read_kind(&kind)?,
            version,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Kind, name, and how many packages have it.
pub(crate) fn read_names(rows: Vec<(String, String, i64)>) -> Result<Vec<PackageName>> {
    let read = |(kind, name, packages): (String, String, i64)| {
        Ok(PackageName {
            kind: read_kind(&kind)?,
            name,
            packages: read_size(packages),
        })
    };
    rows.into_iter().map(read).collect()
}

fn read_kind(kind: &str) -> Result<PackageKind> {
    PackageKind::from_purl_type(kind).ok_or_else(|| corrupt("kind of package", kind))
}

/// In how many of the selected images each package is.
pub(crate) async fn spread_of_packages(
    facts: &mut impl Facts,
    tenant: TenantId,
    packages: &[PackageId],
    selection: &Selection,
) -> Result<Vec<(PackageId, u64)>> {
    let scope = &resolve(facts, tenant, selection).await?;
    let ids: Vec<i64> = packages.iter().map(|package| package.0).collect();
    let rows = facts.images_by_package(scope, &ids).await?;
    let spread = rows.into_iter();
    Ok(spread
        .map(|(package, images)| (PackageId(package), read_size(images)))
        .collect())
}
