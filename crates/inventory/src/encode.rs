//! The stored form of a layer inventory: a format version, then protobuf compressed with zstd.

use std::collections::BTreeMap;
use std::io::Read;

use prost::Message;
use scanyard_package::{CoverageKind, Distro, Package, PackageKind, SourcePackage};
use scanyard_secrets::Secret;

use crate::layer::{DeclaredPackage, FileEvidence, LayerInventory, Unknown};
use crate::mode::Mode;

/// Version of the stored form. A reader refuses what it does not know.
const FORMAT: u8 = 1;
const LEVEL: i32 = 3;
/// Largest decoded inventory.
const MAX_BYTES: u64 = 1 << 30;

/// Why stored bytes are no inventory.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by another version of Scanyard.
    #[error("the inventory has format {0}, this version reads format 1")]
    Format(u8),
    /// Cut short or altered.
    #[error("the inventory is damaged")]
    Damaged,
}

#[derive(Clone, PartialEq, Message)]
struct LayerWire {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileWire>,
    #[prost(string, repeated, tag = "2")]
    whiteouts: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    opaque: Vec<String>,
    #[prost(fixed64, repeated, tag = "4")]
    non_directories: Vec<u64>,
    #[prost(message, repeated, tag = "5")]
    unknowns: Vec<UnknownWire>,
    #[prost(fixed64, repeated, tag = "6")]
    directories: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct FileWire {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(message, repeated, tag = "2")]
    packages: Vec<PackageWire>,
    #[prost(string, repeated, tag = "3")]
    owned: Vec<String>,
    #[prost(message, optional, tag = "4")]
    distro: Option<DistroWire>,
    #[prost(message, repeated, tag = "5")]
    unknowns: Vec<UnknownWire>,
    #[prost(string, optional, tag = "6")]
    hard_link: Option<String>,
    #[prost(message, repeated, tag = "7")]
    secrets: Vec<SecretWire>,
    #[prost(uint32, tag = "8")]
    mode: u32,
    #[prost(string, repeated, tag = "9")]
    channels: Vec<String>,
    #[prost(string, repeated, tag = "10")]
    licences: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct SecretWire {
    #[prost(string, tag = "1")]
    rule: String,
    #[prost(uint32, tag = "2")]
    line: u32,
    #[prost(string, tag = "3")]
    excerpt: String,
}

#[derive(Clone, PartialEq, Message)]
struct PackageWire {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    version: String,
    #[prost(string, optional, tag = "4")]
    arch: Option<String>,
    #[prost(string, optional, tag = "5")]
    source_name: Option<String>,
    #[prost(string, optional, tag = "6")]
    source_version: Option<String>,
    #[prost(string, optional, tag = "7")]
    module: Option<String>,
    #[prost(string, repeated, tag = "8")]
    licences: Vec<String>,
    #[prost(string, optional, tag = "9")]
    vendor: Option<String>,
    #[prost(string, repeated, tag = "10")]
    owned: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct DistroWire {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(string, repeated, tag = "3")]
    id_like: Vec<String>,
    #[prost(string, tag = "4")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct UnknownWire {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    detail: String,
}

impl LayerInventory {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let wire = LayerWire {
            files: self
                .files
                .iter()
                .map(|(path, file)| write_file(path, file))
                .collect(),
            whiteouts: self.whiteouts.iter().cloned().collect(),
            opaque: self.opaque.iter().cloned().collect(),
            non_directories: self.non_directories.clone(),
            directories: self.directories.clone(),
            unknowns: self.unknowns.iter().map(write_unknown).collect(),
        };
        let plain = wire.encode_to_vec();
        let mut bytes = vec![FORMAT];
        // Compression into memory fails only for want of memory; the plain form is as good.
        match zstd::encode_all(plain.as_slice(), LEVEL) {
            Ok(compressed) => bytes.extend(compressed),
            Err(_) => bytes.extend(plain),
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the bytes are of another format or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (format, compressed) = bytes.split_first().ok_or(DecodeError::Damaged)?;
        if *format != FORMAT {
            return Err(DecodeError::Format(*format));
        }
        let decoder = zstd::Decoder::new(compressed).map_err(|_| DecodeError::Damaged)?;
        let mut plain = Vec::new();
        decoder
            .take(MAX_BYTES)
            .read_to_end(&mut plain)
            .map_err(|_| DecodeError::Damaged)?;
        let wire = LayerWire::decode(plain.as_slice()).map_err(|_| DecodeError::Damaged)?;
        let files: Option<BTreeMap<_, _>> = wire.files.into_iter().map(read_file).collect();
        Ok(Self {
            files: files.ok_or(DecodeError::Damaged)?,
            whiteouts: wire.whiteouts.into_iter().collect(),
            opaque: wire.opaque.into_iter().collect(),
            non_directories: wire.non_directories,
            directories: wire.directories,
            unknowns: read_unknowns(wire.unknowns).ok_or(DecodeError::Damaged)?,
        })
    }
}

fn write_file(path: &str, file: &FileEvidence) -> FileWire {
    FileWire {
        path: path.to_owned(),
        packages: file.packages.iter().map(write_package).collect(),
        owned: file.owned.clone(),
        distro: file.distro.as_ref().map(|distro| DistroWire {
            id: distro.id.clone(),
            version: distro.version.clone(),
            id_like: distro.id_like.clone(),
            name: distro.name.clone(),
        }),
        unknowns: file.unknowns.iter().map(write_unknown).collect(),
        hard_link: file.hard_link.clone(),
        secrets: file.secrets.iter().map(write_secret).collect(),
        mode: file.mode.bits(),
        channels: file.channels.clone(),
        licences: file.licences.clone(),
    }
}

fn write_secret(secret: &Secret) -> SecretWire {
    SecretWire {
        rule: secret.rule.clone(),
        line: secret.line,
        excerpt: secret.excerpt.clone(),
    }
}

fn write_package(declared: &DeclaredPackage) -> PackageWire {
    let package = &declared.package;
    PackageWire {
        kind: package.kind.purl_type().to_owned(),
        name: package.name.clone(),
        version: package.version.clone(),
        arch: package.arch.clone(),
        source_name: package.source.as_ref().map(|source| source.name.clone()),
        source_version: package.source.as_ref().map(|source| source.version.clone()),
        module: package.module.clone(),
        licences: declared.licences.clone(),
        vendor: declared.vendor.clone(),
        owned: declared.owned.clone(),
    }
}

fn write_unknown(unknown: &Unknown) -> UnknownWire {
    UnknownWire {
        kind: unknown.kind.name().to_owned(),
        detail: unknown.detail.clone(),
    }
}

fn read_file(wire: FileWire) -> Option<(String, FileEvidence)> {
    let packages: Option<Vec<_>> = wire.packages.into_iter().map(read_package).collect();
    let distro = wire.distro.map(|distro| Distro {
        id: distro.id,
        version: distro.version,
        id_like: distro.id_like,
        name: distro.name,
        // A file that names the distro says nothing of channels; the fold joins them.
        channels: Vec::new(),
    });
    let evidence = FileEvidence {
        packages: packages?,
        owned: wire.owned,
        distro,
        unknowns: read_unknowns(wire.unknowns)?,
        hard_link: wire.hard_link,
        secrets: wire.secrets.into_iter().map(read_secret).collect(),
        mode: Mode::from_bits(wire.mode),
        channels: wire.channels,
        licences: wire.licences,
    };
    Some((wire.path, evidence))
}

fn read_secret(wire: SecretWire) -> Secret {
    Secret {
        rule: wire.rule,
        line: wire.line,
        excerpt: wire.excerpt,
    }
}

fn read_package(wire: PackageWire) -> Option<DeclaredPackage> {
    let source = match (wire.source_name, wire.source_version) {
        (Some(name), Some(version)) => Some(SourcePackage { name, version }),
        _ => None,
    };
    Some(DeclaredPackage {
        package: Package {
            kind: PackageKind::from_purl_type(&wire.kind)?,
            name: wire.name,
            version: wire.version,
            arch: wire.arch,
            source,
            module: wire.module,
        },
        licences: wire.licences,
        vendor: wire.vendor,
        owned: wire.owned,
    })
}

fn read_unknowns(wires: Vec<UnknownWire>) -> Option<Vec<Unknown>> {
    let read = |wire: UnknownWire| {
        Some(Unknown {
            kind: wire.kind.parse::<CoverageKind>().ok()?,
            detail: wire.detail,
        })
    };
    wires.into_iter().map(read).collect()
}
