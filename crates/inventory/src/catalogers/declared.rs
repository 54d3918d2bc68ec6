//! Packages of one kind, as a file lists them.

use scanyard_package::{Ecosystem, Package, PackageKind};

use crate::layer::{DeclaredPackage, FileEvidence};

/// The packages that a file lists, all of one kind, named as the kind writes names.
pub struct Declared {
    kind: PackageKind,
    packages: Vec<DeclaredPackage>,
}

impl Declared {
    /// None yet.
    pub const fn new(kind: PackageKind) -> Self {
        Self {
            kind,
            packages: Vec::new(),
        }
    }

    /// One more, unless its name or its version is empty: then nothing is installed by it.
    pub fn add(&mut self, name: &str, version: &str) {
        self.add_licensed(name, version, Vec::new());
    }

    /// One more, with licences.
    pub fn add_licensed(&mut self, name: &str, version: &str, licences: Vec<String>) {
        let (name, version) = (name.trim(), version.trim());
        if name.is_empty() || version.is_empty() {
            return;
        }
        let package = match self.kind {
            PackageKind::Pypi => {
                let name = Ecosystem::new("PyPI").normalize_name(name);
                Package::new(self.kind, name, version)
            }
            kind => Package::new(kind, name, version),
        };
        self.packages.push(DeclaredPackage {
            licences,
            ..package.into()
        });
    }

    /// Each package once, in order.
    pub fn into_packages(mut self) -> Vec<DeclaredPackage> {
        self.packages.sort_by(|a, b| a.package.cmp(&b.package));
        self.packages.dedup_by(|a, b| a.package == b.package);
        self.packages
    }
}

impl From<Declared> for FileEvidence {
    fn from(declared: Declared) -> Self {
        FileEvidence::of_packages(declared.into_packages())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_listed_once_and_none_without_a_version() {
        let mut declared = Declared::new(PackageKind::Pypi);
        declared.add("Zope.Interface", "5.4.0");
        declared.add("zope_interface", " 5.4.0 ");
        declared.add("local", "");
        declared.add("", "1");
        let package = Package::new(PackageKind::Pypi, "zope-interface", "5.4.0");
        assert_eq!(declared.into_packages(), [package.into()]);
    }
}
