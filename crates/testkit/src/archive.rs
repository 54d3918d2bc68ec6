//! Images in layouts and archives.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::image::descriptor;
use crate::{Image, Index, Tar};

impl Image {
    /// Writes an OCI layout with this image under a tag. A layout that is there gets one more.
    pub fn write_oci_layout(&self, dir: &Path, tag: &str) {
        self.write_blobs(dir);
        add_to_layout(dir, descriptor(&self.media_type(), &self.manifest()), tag);
    }

    /// Writes an OCI layout in a tar.
    pub fn write_oci_archive(&self, file: &Path, tag: &str) {
        let dir = tempfile::tempdir().unwrap();
        self.write_oci_layout(dir.path(), tag);
        let mut archive = tar::Builder::new(fs::File::create(file).unwrap());
        archive.append_dir_all(".", dir.path()).unwrap();
        archive.finish().unwrap();
    }

    /// Writes what `docker save` wrote before version 25: `ID/layer.tar`, uncompressed layers, a
    /// layer that occurs twice as a symbolic link. All layers must be [`crate::Layer::plain`].
    pub fn write_docker_archive(&self, file: &Path, name: &str) {
        let mut tar = Tar::new();
        let mut paths: Vec<String> = Vec::new();
        for (at, layer) in self.layers().iter().enumerate() {
            let path = format!("{at:064x}/layer.tar");
            let twin = self.layers()[..at].iter().position(|other| other == layer);
            tar = match twin {
                Some(twin) => tar.symlink(&path, &format!("../{}", paths[twin])),
                None => tar.file(&path, &layer.blob),
            };
            paths.push(path);
        }
        let config = format!("{}.json", self.config_digest().to_hex());
        let manifest = json!([{ "Config": config, "RepoTags": [name], "Layers": paths }]);
        let tar = tar
            .file(&config, self.config())
            .file("manifest.json", manifest.to_string());
        fs::write(file, tar.finish()).unwrap();
    }

    /// Writes what `docker save` writes since version 25: an OCI layout with a `manifest.json`.
    pub fn write_docker_oci_archive(&self, file: &Path, name: &str) {
        let blob = |hex: String| format!("blobs/sha256/{hex}");
        let mut tar = Tar::new();
        for (digest, bytes) in self.blobs() {
            tar = tar.file(&blob(digest.to_hex()), bytes);
        }
        tar = tar.file(&blob(self.digest().to_hex()), self.manifest());
        let layers: Vec<String> = self
            .layers()
            .iter()
            .map(|layer| blob(layer.digest().to_hex()))
            .collect();
        let config = blob(self.config_digest().to_hex());
        let manifest = json!([{ "Config": config, "RepoTags": [name], "Layers": layers }]);
        let mut entry = descriptor(&self.media_type(), &self.manifest());
        let tag = name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        entry["annotations"] = json!({
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": tag,
        });
        let index = json!({ "schemaVersion": 2, "manifests": [entry] });
        let tar = tar
            .file("index.json", index.to_string())
            .file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
            .file("manifest.json", manifest.to_string());
        fs::write(file, tar.finish()).unwrap();
    }

    fn write_blobs(&self, dir: &Path) {
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        for (digest, bytes) in self.blobs() {
            fs::write(blobs.join(digest.to_hex()), bytes).unwrap();
        }
        fs::write(blobs.join(self.digest().to_hex()), self.manifest()).unwrap();
    }
}

impl Index {
    /// Writes an OCI layout with this index under a tag.
    pub fn write_oci_layout(&self, dir: &Path, tag: &str) {
        for image in self.images() {
            image.write_blobs(dir);
        }
        let path = dir.join("blobs/sha256").join(self.digest().to_hex());
        fs::write(path, self.manifest()).unwrap();
        add_to_layout(dir, descriptor(self.media_type(), &self.manifest()), tag);
    }
}

fn add_to_layout(dir: &Path, mut entry: Value, tag: &str) {
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
    let path = dir.join("index.json");
    let mut index: Value = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => json!({ "schemaVersion": 2, "manifests": [] }),
    };
    index["manifests"].as_array_mut().unwrap().push(entry);
    fs::write(path, index.to_string()).unwrap();
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
