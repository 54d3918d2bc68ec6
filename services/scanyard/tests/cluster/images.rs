//! Many small images that share base layers.

use scanyard_package::Digest;
use scanyard_testkit::{FakeRegistry, Image, Layer};

/// Images in a registry, with the digests of their layers.
pub struct Fleet {
    pub references: Vec<String>,
    pub images: Vec<Digest>,
    pub layers: Vec<Digest>,
    pub configs: Vec<Digest>,
}

impl Fleet {
    /// As many images, each of two of the base layers and one of its own.
    pub fn push(registry: &FakeRegistry, name: &str, images: usize, bases: usize) -> Self {
        let bases: Vec<_> = (0..bases).map(|number| base(name, number)).collect();
        let mut fleet = Self {
            references: Vec::new(),
            images: Vec::new(),
            layers: bases.iter().map(Layer::digest).collect(),
            configs: Vec::new(),
        };
        for number in 0..images {
            let own = Layer::gzip(&[("app/name", &format!("{name} {number}\n"))]);
            fleet.layers.push(own.digest());
            let (first, second) = (number % bases.len(), (number / 3 + 1) % bases.len());
            let image = Image::new(vec![bases[first].clone(), bases[second].clone(), own]);
            fleet.images.push(image.digest());
            fleet.configs.push(image.config_digest());
            let repository = format!("{name}/app-{number}");
            registry.push(&repository, "1", &image);
            fleet.references.push(registry.reference(&repository, "1"));
        }
        fleet
    }
}

fn base(name: &str, number: usize) -> Layer {
    let installed = format!("P:lib{number}\nV:1.{number}-r0\nA:x86_64\n\n");
    Layer::gzip(&[
        ("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"),
        ("lib/apk/db/installed", &installed),
        ("base", &format!("{name} {number}\n")),
    ])
}
