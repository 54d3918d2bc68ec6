//! Scans, images and layers to try things with.

use std::collections::BTreeMap;

use scanyard_package::{Digest, Distro, Package, PackageKind};
use scanyard_protocol::Lane;
use scanyard_store::{
    ConfigEvidence, ImageLayer, NewImage, NewScan, PackageSet, ScanId, StoredLayer, TenantId,
};
use uuid::Uuid;

/// The cataloger set.
pub const SET: &str = "1";

pub fn digest(number: u64) -> Digest {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::from_bytes(bytes)
}

pub fn new_scan(reference: &str) -> NewScan {
    NewScan {
        id: ScanId(Uuid::now_v7()),
        tenant: TenantId::DEFAULT,
        reference: reference.to_owned(),
        platform: None,
        lane: Lane::Bulk,
        idempotency_key: None,
        traceparent: None,
    }
}

pub fn new_image(number: u64, layers: &[u64]) -> NewImage {
    let layer = |layer: &u64| ImageLayer {
        digest: digest(*layer),
        size: 100,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        foreign: false,
    };
    NewImage {
        digest: digest(number),
        root_digest: digest(number),
        config_digest: digest(number + 1_000_000),
        platform: "linux/amd64".to_owned(),
        created: None,
        labels: BTreeMap::new(),
        config: ConfigEvidence::default(),
        layers: layers.iter().map(layer).collect(),
        tag: None,
        repository: "registry.test/app".to_owned(),
    }
}

pub fn stored_layer(number: u64) -> StoredLayer {
    StoredLayer {
        digest: digest(number),
        diff_id: digest(number + 2_000_000),
        compressed_bytes: 100,
        decompressed_bytes: 300,
        inventory: b"inventory".to_vec(),
    }
}

pub fn package_set(number: u64, names: &[String]) -> PackageSet {
    let distro = Distro {
        id: "debian".to_owned(),
        version: "12".to_owned(),
        id_like: Vec::new(),
        name: "Debian".to_owned(),
        channels: Vec::new(),
    };
    let packages = names.iter().map(|name| {
        let package = Package::new(PackageKind::Deb, name, "1.0-1");
        (package.purl(Some(&distro)), package)
    });
    PackageSet {
        digest: digest(number),
        packages: packages.collect(),
        distro: Some(distro),
    }
}
