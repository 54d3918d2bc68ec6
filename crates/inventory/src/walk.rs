//! Builds an inventory from entries, whether they come out of a tar or a directory.

use std::collections::HashSet;
use std::io::{self, Read};

use scanyard_package::{CoverageKind, Limits};
use scanyard_secrets::Detector;
use scanyard_timing::{Stage, in_stage};

use crate::catalogers::{self, HEAD_BYTES};
use crate::layer::{FileEvidence, LayerInventory, Unknown};
use crate::mode::Mode;
use crate::path;
use crate::secret_tee::SecretTee;
use crate::set::CatalogerSet;

/// Unknowns of one layer that are kept: hostile layers can repeat a mistake a million times, and a
/// few tell the story.
const MOST_UNKNOWNS: usize = 100;

/// Files with an unusual mode that are noted in one layer. Some people open whole trees to everybody;
/// a few tell that story too.
const MOST_SPECIAL_FILES: usize = 1000;

/// Collects what the entries of one layer say.
pub struct Walk<'a> {
    set: CatalogerSet,
    limits: &'a Limits,
    inventory: LayerInventory,
    non_directories: HashSet<u64>,
    directories: HashSet<u64>,
    packages: usize,
    buffer: Vec<u8>,
    detector: Option<Detector>,
    special_files: usize,
}

impl<'a> Walk<'a> {
    pub fn new(set: CatalogerSet, limits: &'a Limits) -> Self {
        Self {
            set,
            limits,
            inventory: LayerInventory::default(),
            non_directories: HashSet::new(),
            directories: HashSet::new(),
            packages: 0,
            buffer: Vec::new(),
            detector: set.secrets.then(Detector::new),
            special_files: 0,
        }
    }

    /// A regular file with its content.
    pub fn file(&mut self, path: &str, mode: Mode, content: impl Read) -> io::Result<()> {
        self.note_non_directory(path);
        let mut evidence = match self.detector.take() {
            Some(mut detector) => {
                let searched = self.searched(path, content, &mut detector);
                self.detector = Some(detector);
                searched?
            }
            None => self.read(path, content)?,
        };
        if self.has_room_for(mode) {
            self.special_files += 1;
            evidence.get_or_insert_default().mode = mode;
        }
        match evidence {
            Some(evidence) => self.add(path, evidence),
            None => drop(self.inventory.files.remove(path)),
        }
        Ok(())
    }

    /// Whether a file's mode is to be noted. Files that anybody may write leave room for the rarer ones.
    fn has_room_for(&self, mode: Mode) -> bool {
        let room = match mode.is_setuid() || mode.is_setgid() {
            true => 2 * MOST_SPECIAL_FILES,
            false => MOST_SPECIAL_FILES,
        };
        !mode.is_ordinary() && self.special_files < room
    }

    /// What a cataloger says about the file.
    fn read(&mut self, path: &str, content: impl Read) -> io::Result<Option<FileEvidence>> {
        match catalogers::by_path(path, self.set) {
            Some(cataloger) => self.captured(path, cataloger, content).map(Some),
            None => self.streamed(path, content),
        }
    }

    /// The same, and the secrets in the file.
    fn searched(
        &mut self,
        path: &str,
        content: impl Read,
        detector: &mut Detector,
    ) -> io::Result<Option<FileEvidence>> {
        let mut tee = SecretTee::new(path, content, detector);
        let read = self.read(path, &mut tee);
        let read = read.and_then(|evidence| tee.read_rest().map(|()| evidence));
        // Whether or not it could be read, the detector is done with this file.
        let detected = detector.finish(path);
        let mut evidence = read?;
        if !detected.secrets.is_empty() {
            evidence.get_or_insert_default().secrets = detected.secrets;
        }
        if let Some(detail) = detected.skipped {
            evidence.get_or_insert_default().unknowns.push(Unknown {
                kind: CoverageKind::LimitExceeded,
                detail,
            });
        }
        Ok(evidence)
    }

    fn captured(
        &mut self,
        path: &str,
        cataloger: &dyn catalogers::Cataloger,
        content: impl Read,
    ) -> io::Result<FileEvidence> {
        self.buffer.clear();
        let limit = cataloger.most_bytes(self.limits);
        let mut content = content.take(limit + 1);
        in_stage(Stage::Capture, || content.read_to_end(&mut self.buffer))?;
        if self.buffer.len() as u64 > limit {
            self.buffer = Vec::new();
            let detail = format!("the file is larger than {} MiB", limit >> 20);
            return Ok(FileEvidence::unreadable(
                CoverageKind::LimitExceeded,
                detail,
            ));
        }
        let stage = Stage::Catalog(cataloger.name());
        let evidence = in_stage(stage, || cataloger.catalog(path, &self.buffer));
        if self.buffer.capacity() as u64 > self.limits.file_bytes {
            // A database is the one large file of its layer.
            self.buffer = Vec::new();
        }
        Ok(evidence)
    }

    fn streamed(&mut self, path: &str, mut content: impl Read) -> io::Result<Option<FileEvidence>> {
        let mut head = [0; HEAD_BYTES];
        let mut length = 0;
        while length < head.len() {
            match content.read(&mut head[length..])? {
                0 => break,
                count => length += count,
            }
        }
        let head = &head[..length];
        match catalogers::by_content(path, head) {
            Some(cataloger) => in_stage(Stage::Catalog(cataloger.name()), || {
                cataloger.catalog(path, &mut head.chain(content), self.limits)
            }),
            None => Ok(None),
        }
    }

    fn add(&mut self, path: &str, mut evidence: FileEvidence) {
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
        self.inventory.files.insert(path.to_owned(), evidence);
    }

    /// A symbolic link, device or anything else without content of its own.
    pub fn other(&mut self, path: &str) {
        self.note_non_directory(path);
        self.inventory.files.remove(path);
    }

    /// A hard link. Its content is that of the target, in this layer or in one below.
    pub fn hard_link(&mut self, path: &str, target: &str) {
        let here = path::prefixes(target)
            .last()
            .is_some_and(|(_, hash)| self.non_directories.contains(&hash));
        self.note_non_directory(path);
        let evidence = if catalogers::read_alike(path, target, self.set) {
            match self.inventory.files.get(target) {
                Some(evidence) => Some(evidence.clone()),
                None if here => None,
                None => Some(FileEvidence {
                    hard_link: Some(target.to_owned()),
                    ..FileEvidence::default()
                }),
            }
        } else {
            // What catalogers want of it was nothing to keep when it passed by.
            let content = self.inventory.files.get(target);
            let mut evidence = content.and_then(FileEvidence::of_content);
            if catalogers::by_path(path, self.set).is_some() {
                let detail = format!("it is a hard link to {target}, whose content was not kept");
                let kind = CoverageKind::UnreadableFile;
                let unknowns = &mut evidence.get_or_insert_default().unknowns;
                unknowns.push(Unknown { kind, detail });
            }
            evidence
        };
        match evidence {
            Some(evidence) => self.add(path, evidence),
            None => drop(self.inventory.files.remove(path)),
        }
    }

    /// A directory, in the place of whatever is there below.
    pub fn directory(&mut self, path: &str) {
        let hashes = path::prefixes(path).map(|(_, hash)| hash);
        self.directories.extend(hashes);
        self.inventory.files.remove(path);
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
        if self.inventory.unknowns.len() < MOST_UNKNOWNS {
            self.inventory.unknowns.push(Unknown { kind, detail });
        }
    }

    pub fn finish(mut self) -> LayerInventory {
        self.inventory.non_directories = sorted(self.non_directories);
        self.inventory.directories = sorted(self.directories);
        self.inventory
    }

    /// Notes the path, and that what is above it are directories.
    fn note_non_directory(&mut self, path: &str) {
        for (prefix, hash) in path::prefixes(path) {
            if prefix.len() == path.len() {
                self.non_directories.insert(hash);
            } else {
                self.directories.insert(hash);
            }
        }
    }
}

fn sorted(hashes: HashSet<u64>) -> Vec<u64> {
    let mut hashes: Vec<_> = hashes.into_iter().collect();
    hashes.sort_unstable();
    hashes
}
