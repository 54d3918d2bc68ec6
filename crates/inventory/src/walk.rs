//! Builds an inventory from entries, whether they come out of a tar or a directory.

use std::io::{self, Read};

use scanyard_package::{CoverageKind, Limits};

use crate::catalogers;
use crate::layer::{FileEvidence, LayerInventory, Unknown};
use crate::path;

/// Collects what the entries of one layer say.
pub struct Walk<'a> {
    limits: &'a Limits,
    inventory: LayerInventory,
    packages: usize,
    buffer: Vec<u8>,
}

impl<'a> Walk<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            inventory: LayerInventory::default(),
            packages: 0,
            buffer: Vec::new(),
        }
    }

    /// A regular file with its content.
    pub fn file(&mut self, path: String, content: impl Read) -> io::Result<()> {
        self.inventory.non_directories.push(path::hash(&path));
        let evidence = match catalogers::by_path(&path) {
            Some(cataloger) => Some(self.captured(&path, cataloger, content)?),
            None => self.executable(content)?,
        };
        match evidence {
            Some(evidence) => self.add(path, evidence),
            None => drop(self.inventory.files.remove(&path)),
        }
        Ok(())
    }

    fn captured(
        &mut self,
        path: &str,
        cataloger: &dyn catalogers::Cataloger,
        content: impl Read,
    ) -> io::Result<FileEvidence> {
        self.buffer.clear();
        let limit = self.limits.file_bytes;
        content.take(limit + 1).read_to_end(&mut self.buffer)?;
        if self.buffer.len() as u64 > limit {
            self.buffer = Vec::new();
            let detail = format!("the file is larger than {} MiB", limit >> 20);
            return Ok(FileEvidence::unreadable(
                CoverageKind::LimitExceeded,
                detail,
            ));
        }
        Ok(cataloger.catalog(path, &self.buffer))
    }

    fn executable(&mut self, mut content: impl Read) -> io::Result<Option<FileEvidence>> {
        let mut head = [0; 4];
        let mut length = 0;
        while length < head.len() {
            match content.read(&mut head[length..])? {
                0 => break,
                count => length += count,
            }
        }
        catalogers::executable(&head[..length], content, self.limits)
    }

    fn add(&mut self, path: String, mut evidence: FileEvidence) {
        let room = self.limits.packages.saturating_sub(self.packages);
        if evidence.packages.len() > room {
            evidence.packages.truncate(room);
            let detail = format!("more than {} packages in one layer", self.limits.packages);
            evidence.unknowns.push(Unknown {
                kind: CoverageKind::LimitExceeded,
                detail,
            });
        }
        self.packages += evidence.packages.len();
        self.inventory.files.insert(path, evidence);
    }

    /// A symbolic link, device or anything else without content of its own.
    pub fn other(&mut self, path: String) {
        self.inventory.non_directories.push(path::hash(&path));
        self.inventory.files.remove(&path);
    }

    /// A hard link. Its content is that of the target, in this layer or in one below.
    pub fn hard_link(&mut self, path: String, target: String) {
        self.inventory.non_directories.push(path::hash(&path));
        let known = self.inventory.files.get(&target).cloned();
        let wanted = catalogers::by_path(&path).is_some();
        match known {
            Some(evidence) => self.add(path, evidence),
            None if wanted => {
                let evidence = FileEvidence {
                    hard_link: Some(target),
                    ..FileEvidence::default()
                };
                self.add(path, evidence);
            }
            None => drop(self.inventory.files.remove(&path)),
        }
    }

    /// A directory where a file of interest may have been.
    pub fn directory(&mut self, path: String) {
        if catalogers::by_path(&path).is_some() {
            self.inventory.files.insert(path, FileEvidence::default());
        }
    }

    /// The file `.wh.NAME`, which stands for a deletion.
    pub fn whiteout(&mut self, directory: &str, name: &str) {
        let join = |name: &str| match directory {
            "" => name.to_owned(),
            directory => format!("{directory}/{name}"),
        };
        match name {
            ".wh..opq" => drop(self.inventory.opaque.insert(directory.to_owned())),
            // Other names of this form are the storage driver's own.
            name if name.starts_with(".wh.") => {}
            name => drop(self.inventory.whiteouts.insert(join(name))),
        }
    }

    /// Something could not be read.
    pub fn unknown(&mut self, kind: CoverageKind, detail: String) {
        // Hostile layers can repeat a mistake a million times; a few tell the story.
        if self.inventory.unknowns.len() < 100 {
            self.inventory.unknowns.push(Unknown { kind, detail });
        }
    }

    pub fn finish(mut self) -> LayerInventory {
        self.inventory.non_directories.sort_unstable();
        self.inventory.non_directories.dedup();
        self.inventory
    }
}
