//! What catalogers find in a fleet's layers.

use std::collections::BTreeMap;

use scanyard_inventory::{FileEvidence, LayerInventory};
use scanyard_package::{Package, PackageKind};

use super::{Fleet, FleetLayer, LayerContent};

/// The inventory of a layer.
pub(super) fn inventory(fleet: &Fleet, layer: &FleetLayer) -> LayerInventory {
    let mut files = BTreeMap::new();
    match &layer.content {
        LayerContent::Nothing => {}
        LayerContent::Base { distro, packages } => {
            let distro = fleet.distros[*distro].clone();
            files.insert("etc/os-release".to_owned(), FileEvidence::of_distro(distro));
            let packages: Vec<Package> = packages_of(fleet, packages).cloned().collect();
            if let Some(first) = packages.first() {
                let path = os_database(first.kind).to_owned();
                files.insert(path, FileEvidence::of_packages(packages));
            }
        }
        LayerContent::Dependencies { packages, .. } => {
            for package in packages_of(fleet, packages) {
                let file: &mut FileEvidence = files.entry(file_of(package)).or_default();
                file.packages.push(package.clone().into());
            }
        }
    }
    LayerInventory {
        files,
        ..LayerInventory::default()
    }
}

pub(super) fn packages_of<'a>(
    fleet: &'a Fleet,
    places: &'a [usize],
) -> impl Iterator<Item = &'a Package> {
    places.iter().map(|place| &fleet.packages[*place].package)
}

/// Where the package manager says what is installed.
pub(super) fn os_database(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Deb => "var/lib/dpkg/status",
        PackageKind::Apk => "lib/apk/db/installed",
        _ => "var/lib/rpm/rpmdb.sqlite",
    }
}

/// The file that says that a package of a language is installed.
pub(super) fn file_of(package: &Package) -> String {
    let (name, version) = (&package.name, &package.version);
    match package.kind {
        PackageKind::Npm => format!("app/node_modules/{name}/package.json"),
        PackageKind::Pypi => {
            let name = name.replace('-', "_");
            format!("usr/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA")
        }
        PackageKind::Gem => format!("usr/share/gems/specifications/{name}-{version}.gemspec"),
        PackageKind::Maven => "app/app.jar".to_owned(),
        PackageKind::Composer => "app/vendor/composer/installed.json".to_owned(),
        PackageKind::Nuget => "app/app.deps.json".to_owned(),
        _ => "app/server".to_owned(),
    }
}
