//! The image that the demo scans: three small layers, written as an OCI layout.
//!
//! Names and versions are those that Debian 11, PyPI and npm really published.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The tag of the image in the layout.
pub const TAG: &str = "demo";

const OS_RELEASE: &str = "\
PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"
NAME=\"Debian GNU/Linux\"
VERSION_ID=\"11\"
ID=debian
";

/// Binary package, its source, version as the base layer has it.
const BASE: [(&str, &str, &str); 6] = [
    ("libc6", "glibc", "2.31-13+deb11u5"),
    ("zlib1g", "zlib", "1:1.2.11.dfsg-2+deb11u2"),
    ("libssl1.1", "openssl", "1.1.1n-0+deb11u3"),
    ("libcurl4", "curl", "7.74.0-1.3+deb11u3"),
    ("libexpat1", "expat", "2.2.10-2+deb11u4"),
    ("libgnutls30", "gnutls28", "3.7.1-5+deb11u2"),
];

/// What a later layer upgraded: its package database replaces that of the base whole.
const UPGRADED: [(&str, &str); 1] = [("libexpat1", "2.2.10-2+deb11u5")];

const PYTHON: [(&str, &str); 4] = [
    ("Jinja2", "2.11.2"),
    ("PyYAML", "6.0"),
    ("requests", "2.28.1"),
    ("urllib3", "1.26.17"),
];

const NODE: [(&str, &str); 2] = [("lodash", "4.17.15"), ("minimist", "1.2.5")];

/// Writes the layout.
pub fn write_layout(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir.join("blobs/sha256"))?;
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    let layers = [base_layer()?, application_layer()?, upgrade_layer()?];
    let mut descriptors = Vec::new();
    let mut diff_ids = Vec::new();
    for tar in &layers {
        diff_ids.push(sha256(tar));
        descriptors.push(write_blob(
            dir,
            "application/vnd.oci.image.layer.v1.tar+gzip",
            &gzip(tar)?,
        )?);
    }
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "2023-02-01T00:00:00Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = write_json(dir, "application/vnd.oci.image.config.v1+json", &config)?;
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config,
        "layers": descriptors,
    });
    let mut manifest = write_json(dir, media_type, &manifest)?;
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": TAG});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    fs::write(dir.join("index.json"), index.to_string())
}

fn base_layer() -> io::Result<Vec<u8>> {
    let files = vec![
        ("etc/os-release".to_owned(), OS_RELEASE.to_owned()),
        ("var/lib/dpkg/status".to_owned(), dpkg_status(&[])),
    ];
    tar(files)
}

fn application_layer() -> io::Result<Vec<u8>> {
    let python = PYTHON.iter().map(|(name, version)| {
        let path =
            format!("usr/local/lib/python3.9/site-packages/{name}-{version}.dist-info/METADATA");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        (path, metadata)
    });
    let node = NODE.iter().map(|(name, version)| {
        let manifest = json!({"name": name, "version": version});
        (
            format!("srv/app/node_modules/{name}/package.json"),
            manifest.to_string(),
        )
    });
    tar(python.chain(node).collect())
}

fn upgrade_layer() -> io::Result<Vec<u8>> {
    tar(vec![(
        "var/lib/dpkg/status".to_owned(),
        dpkg_status(&UPGRADED),
    )])
}

fn dpkg_status(upgraded: &[(&str, &str)]) -> String {
    BASE.iter()
        .map(|(name, source, version)| {
            let version = upgraded
                .iter()
                .find(|(other, _)| other == name)
                .map_or(version, |(_, version)| version);
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n\
                 Source: {source}\nVersion: {version}\n\n"
            )
        })
        .collect()
}

fn tar(files: Vec<(String, String)>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content.as_bytes())?;
    }
    archive.into_inner()
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

fn write_json(dir: &Path, media_type: &str, document: &Value) -> io::Result<Value> {
    write_blob(dir, media_type, document.to_string().as_bytes())
}

/// Writes a blob under its digest; the descriptor that names it.
fn write_blob(dir: &Path, media_type: &str, bytes: &[u8]) -> io::Result<Value> {
    let digest = sha256(bytes);
    let hex = digest.trim_start_matches("sha256:");
    fs::write(dir.join("blobs/sha256").join(hex), bytes)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
}
