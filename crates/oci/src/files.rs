//! The files of a layout or archive: in a directory, or in a tar that is indexed once.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use scanyard_package::Limits;
use tar::{Archive, EntryType};

use crate::{Decompressor, OciError};

/// Links in an archive that are followed to reach a layer.
const MAX_LINKS: usize = 8;
/// Members of an archive: blobs and a few documents, not files of an image.
const MAX_MEMBERS: usize = 100_000;
/// Bytes of one entry's headers, extensions included.
const HEADER_BYTES: u64 = 1 << 20;

/// Named files, wherever they are.
#[derive(Debug)]
pub enum Files {
    /// Under a directory.
    Directory(PathBuf),
    /// In a tar.
    Tar(TarFiles),
}

/// A tar whose members can be read at random.
#[derive(Debug)]
pub struct TarFiles {
    path: PathBuf,
    /// Keeps the decompressed copy of a compressed archive while it is in use.
    _copy: Option<tempfile::TempPath>,
    members: HashMap<String, Member>,
}

#[derive(Debug)]
enum Member {
    Content { offset: u64, size: u64 },
    Link(String),
}

impl Files {
    /// Opens a tar, compressed or not.
    pub fn open_tar(path: &Path, limits: &Limits) -> Result<Self, OciError> {
        let failed = |source| OciError::File {
            path: path.display().to_string(),
            source,
        };
        let mut file = open_file(path).map_err(failed)?;
        let mut head = Vec::new();
        file.by_ref()
            .take(4)
            .read_to_end(&mut head)
            .map_err(failed)?;
        file.rewind().map_err(failed)?;
        let compressed = head.starts_with(&[0x1f, 0x8b]) || head == [0x28, 0xb5, 0x2f, 0xfd];
        let copy = if compressed {
            Some(unpack(path, file, limits)?)
        } else {
            None
        };
        let readable = copy.as_deref().unwrap_or(path).to_owned();
        let members = index(&readable, limits)
            .map_err(|error| OciError::malformed(path.display().to_string(), error))?;
        Ok(Files::Tar(TarFiles {
            path: readable,
            _copy: copy,
            members,
        }))
    }

    /// A file's bytes and their number.
    pub fn open(&self, name: &str) -> Result<(Box<dyn Read + Send>, u64), OciError> {
        let place = || match self {
            Files::Directory(dir) => dir.join(name).display().to_string(),
            Files::Tar(_) => name.to_owned(),
        };
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => OciError::NoFile(place()),
            _ => OciError::File {
                path: place(),
                source,
            },
        };
        match self {
            Files::Directory(dir) => {
                let file = open_file(&dir.join(name)).map_err(failed)?;
                let size = file.metadata().map_err(failed)?.len();
                Ok((Box::new(file), size))
            }
            Files::Tar(tar) => {
                let (offset, size) = tar.find(name).ok_or_else(|| OciError::NoFile(place()))?;
                let mut file = File::open(&tar.path).map_err(failed)?;
                file.seek(SeekFrom::Start(offset)).map_err(failed)?;
                Ok((Box::new(file.take(size)), size))
            }
        }
    }

    /// A small file whole.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, OciError> {
        let (reader, _) = self.open(name)?;
        let mut bytes = Vec::new();
        reader
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| OciError::File {
                path: name.to_owned(),
                source,
            })?;
        if bytes.len() as u64 > limit {
            return Err(OciError::Limit {
                what: name.to_owned(),
                limit: format!("{limit} bytes"),
            });
        }
        Ok(bytes)
    }
}

impl TarFiles {
    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = normalize("", name);
        for _ in 0..MAX_LINKS {
            match self.members.get(&name)? {
                Member::Content { offset, size } => return Some((*offset, *size)),
                Member::Link(target) => name = target.clone(),
            }
        }
        None
    }
}

/// Opening a pipe would wait for somebody who writes, and a device may have no end.
fn open_file(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

/// A compressed archive cannot be read at random, so a copy is unpacked, under the limits of a layer.
fn unpack(path: &Path, file: File, limits: &Limits) -> Result<tempfile::TempPath, OciError> {
    let failed = |error: io::Error| match error.downcast::<OciError>() {
        Ok(error) => error,
        Err(source) => OciError::File {
            path: path.display().to_string(),
            source,
        },
    };
    let mut copy = tempfile::NamedTempFile::new().map_err(failed)?;
    let mut tar = Decompressor::new(file, limits).map_err(failed)?;
    io::copy(&mut tar, &mut copy).map_err(failed)?;
    Ok(copy.into_temp_path())
}

fn index(path: &Path, limits: &Limits) -> io::Result<HashMap<String, Member>> {
    let budget = Rc::new(Cell::new(HEADER_BYTES));
    let file = Budgeted {
        file: File::open(path)?,
        left: Rc::clone(&budget),
    };
    let mut archive = Archive::new(file);
    let mut members = HashMap::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        budget.set(HEADER_BYTES);
        let name = normalize("", &String::from_utf8_lossy(&entry.path_bytes()));
        let member = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => Member::Content {
                offset: entry.raw_file_position(),
                size: entry.size(),
            },
            EntryType::Symlink => {
                let target = entry.link_name()?.unwrap_or_default();
                let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
                Member::Link(normalize(parent, &target.to_string_lossy()))
            }
            EntryType::Link => Member::Link(normalize(
                "",
                &entry.link_name()?.unwrap_or_default().to_string_lossy(),
            )),
            _ => continue,
        };
        members.insert(name, member);
        if members.len() > MAX_MEMBERS.min(limits.entries as usize) {
            return Err(io::Error::other("the archive has too many members"));
        }
    }
    Ok(members)
}

/// Reads no more than the headers of one entry may have: long names are kept in memory.
struct Budgeted {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Budgeted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        match self.left.get().checked_sub(count as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other("the names of an entry are too long")),
        }
        Ok(count)
    }
}

impl Seek for Budgeted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Joins and resolves `.` and `..` inside the archive.
fn normalize(parent: &str, path: &str) -> String {
    let mut parts: Vec<&str> = parent.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_archive() {
        assert_eq!(normalize("", "./a//b/"), "a/b");
        assert_eq!(normalize("x/y", "../z/layer.tar"), "x/z/layer.tar");
        assert_eq!(normalize("x", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(normalize("", "/a"), "a");
    }
}
