//! Layers out of a few files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use scanyard_package::Digest;
use tar::{EntryType, Header};

/// The SHA-256 of these bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    Digest::from_bytes(digest)
}

/// A tar in the making.
pub struct Tar(tar::Builder<Vec<u8>>);

impl Default for Tar {
    fn default() -> Self {
        Self::new()
    }
}

impl Tar {
    /// An empty tar.
    pub fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    /// Files; a path that ends in `/` is a directory.
    pub fn files(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::new(), |tar, (path, content)| {
            match path.strip_suffix('/') {
                Some(_) => tar.entry(EntryType::Directory, path, None, b""),
                None => tar.file(path, content),
            }
        })
    }

    /// Adds a regular file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(EntryType::Regular, path, None, content.as_ref())
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, path, Some(target), b"")
    }

    /// Adds a hard link.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Link, path, Some(target), b"")
    }

    /// Adds an entry of any type. The path goes in as it is, `..` and all, where it fits into a
    /// header.
    pub fn entry(
        mut self,
        kind: EntryType,
        path: &str,
        target: Option<&str>,
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind == EntryType::Directory {
            0o755
        } else {
            0o644
        });
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        let name = &mut header.as_old_mut().name;
        if path.len() < name.len() {
            name[..path.len()].copy_from_slice(path.as_bytes());
            if let Some(target) = target {
                header.set_link_name_literal(target).unwrap();
            }
            header.set_cksum();
            self.0.append(&header, content).unwrap();
        } else if let Some(target) = target {
            self.0.append_link(&mut header, path, target).unwrap();
        } else {
            self.0.append_data(&mut header, path, content).unwrap();
        }
        self
    }

    /// The bytes, with the two empty blocks at the end.
    pub fn finish(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// A layer as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The blob.
    pub blob: Vec<u8>,
    /// The digest of the uncompressed tar.
    pub diff_id: Digest,
    /// What manifests call it.
    pub media_type: String,
}

impl Layer {
    /// Files in a gzipped tar; a path that ends in `/` is a directory.
    pub fn gzip(files: &[(&str, &str)]) -> Self {
        Self::gzip_tar(&Tar::files(files).finish())
    }

    /// The same in one zstd frame.
    pub fn zstd(files: &[(&str, &str)]) -> Self {
        let tar = Tar::files(files).finish();
        let blob = zstd::encode_all(&tar[..], 3).unwrap();
        Self::raw(blob, "application/vnd.oci.image.layer.v1.tar+zstd").of_tar(&tar)
    }

    /// The same without compression.
    pub fn plain(files: &[(&str, &str)]) -> Self {
        let tar = Tar::files(files).finish();
        Self::raw(tar.clone(), "application/vnd.oci.image.layer.v1.tar").of_tar(&tar)
    }

    /// A gzipped layer of a tar made elsewhere.
    pub fn gzip_tar(tar: &[u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(tar).unwrap();
        let blob = encoder.finish().unwrap();
        Self::raw(blob, "application/vnd.oci.image.layer.v1.tar+gzip").of_tar(tar)
    }

    /// Any bytes under any media type. Its diff ID is a claim, as in every image.
    pub fn raw(blob: Vec<u8>, media_type: &str) -> Self {
        Self {
            diff_id: sha256(&blob),
            blob,
            media_type: media_type.to_owned(),
        }
    }

    fn of_tar(mut self, tar: &[u8]) -> Self {
        self.diff_id = sha256(tar);
        self
    }

    /// The blob's digest.
    pub fn digest(&self) -> Digest {
        sha256(&self.blob)
    }
}
