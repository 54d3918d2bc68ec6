//! The package list that distroless images of Azure Linux have in place of a database: a package a
//! line, its facts between tabs.

use scanyard_package::{Package, PackageKind};

use super::package::{full_version, is_none, read_source};
use crate::layer::DeclaredPackage;

/// Name, version with release, two times, vendor, epoch, size, architecture, epoch as a number,
/// source package.
const COLUMNS: usize = 10;

/// The packages, and how many lines describe none.
pub fn read(text: &str) -> (Vec<DeclaredPackage>, usize) {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let packages: Vec<_> = lines().filter_map(package).collect();
    let odd = lines().count() - packages.len();
    (packages, odd)
}

fn package(line: &str) -> Option<DeclaredPackage> {
    let mut columns = [""; COLUMNS];
    for (column, text) in columns.iter_mut().zip(line.split('\t')) {
        *column = text;
    }
    // The ninth column has 0 where the sixth says that there is no epoch.
    let [name, version, _, _, vendor, epoch, _, arch, _, source] = columns;
    if is_none(name) || is_none(version) {
        return None;
    }
    let mut package = Package::new(
        PackageKind::Rpm,
        name,
        full_version(epoch.parse().ok(), version),
    );
    package.arch = (!is_none(arch)).then(|| arch.to_owned());
    package.source = read_source(source, &package);
    Some(DeclaredPackage {
        package,
        licences: Vec::new(),
        vendor: (!is_none(vendor)).then(|| vendor.to_owned()),
        owned: Vec::new(),
    })
}
