//! A fleet's images as real ones, with the files that package managers leave behind.

use scanyard_package::{Distro, Package, PackageKind};
use scanyard_testkit::{Image, Layer, Tar};
use serde_json::json;

use super::contents::{file_of, os_database, packages_of};
use super::{Fleet, FleetImage, FleetLayer, LayerContent};

impl Fleet {
    /// Kinds of packages whose files we can write: a fleet of other ones has no real images.
    pub const REAL_KINDS: [PackageKind; 4] = [
        PackageKind::Deb,
        PackageKind::Apk,
        PackageKind::Npm,
        PackageKind::Pypi,
    ];

    /// The image, of layers whose files say what the fleet says of them.
    ///
    /// # Panics
    ///
    /// When it holds packages of other kinds than [`Fleet::REAL_KINDS`].
    pub fn real_image(&self, image: &FleetImage) -> Image {
        let layers = image.layers.iter();
        let layers = layers.map(|layer| self.real_layer(&self.layers[*layer]));
        Image::new(layers.collect()).label("org.opencontainers.image.title", &image.title)
    }

    fn real_layer(&self, layer: &FleetLayer) -> Layer {
        let tar = match &layer.content {
            // Two layers of no packages are still two layers.
            LayerContent::Nothing => Tar::new().file("app/build", layer.digest.to_string()),
            LayerContent::Base { distro, packages } => {
                let release = os_release(&self.distros[*distro]);
                let packages: Vec<&Package> = packages_of(self, packages).collect();
                let database: String = packages.iter().map(|package| os_entry(package)).collect();
                let path = os_database(packages[0].kind);
                Tar::new()
                    .file("etc/os-release", release)
                    .file(path, database)
            }
            LayerContent::Dependencies { packages, .. } => packages_of(self, packages)
                .fold(Tar::new(), |tar, package| {
                    tar.file(&file_of(package), language_file(package))
                }),
        };
        Layer::gzip_tar(&tar.finish())
    }
}

fn os_release(distro: &Distro) -> String {
    format!(
        "ID={}\nVERSION_ID=\"{}\"\nPRETTY_NAME=\"{}\"\n",
        distro.id, distro.version, distro.name
    )
}

/// What the package manager's database says of an installed package.
fn os_entry(package: &Package) -> String {
    let (name, version) = (&package.name, &package.version);
    let arch = package.arch.as_deref().unwrap_or_default();
    let source = package.source.as_ref().map(|source| &source.name);
    match package.kind {
        PackageKind::Deb => {
            let source = source.map_or_else(String::new, |source| format!("Source: {source}\n"));
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: {arch}\n\
                 {source}Version: {version}\n\n"
            )
        }
        PackageKind::Apk => {
            let origin = source.unwrap_or(name);
            format!("P:{name}\nV:{version}\nA:{arch}\no:{origin}\n\n")
        }
        other => panic!("no files of {other:?} are written here"),
    }
}

fn language_file(package: &Package) -> String {
    let (name, version) = (&package.name, &package.version);
    match package.kind {
        PackageKind::Npm => json!({"name": name, "version": version}).to_string(),
        PackageKind::Pypi => {
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n")
        }
        other => panic!("no files of {other:?} are written here"),
    }
}
