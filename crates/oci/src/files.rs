//! The files of a layout or archive: in a directory, or in a tar that is indexed once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use scanyard_package::Limits;
use tar::{Archive, EntryType};

use crate::OciError;

/// Links in an archive that are followed to reach a layer.
const MAX_LINKS: usize = 8;

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
    /// Opens a tar, compressed with gzip or not.
    pub fn open_tar(path: &Path, limits: &Limits) -> Result<Self, OciError> {
        let failed = |source| OciError::File {
            path: path.display().to_string(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = [0; 2];
        let gzip = file.read(&mut magic).map_err(failed)? == 2 && magic == [0x1f, 0x8b];
        file.rewind().map_err(failed)?;
        let copy = if gzip {
            Some(decompress(file, limits).map_err(failed)?)
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
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => OciError::NotFound(name.to_owned()),
            _ => OciError::File {
                path: name.to_owned(),
                source,
            },
        };
        match self {
            Files::Directory(dir) => {
                let file = File::open(dir.join(name)).map_err(failed)?;
                let size = file.metadata().map_err(failed)?.len();
                Ok((Box::new(file), size))
            }
            Files::Tar(tar) => {
                let (offset, size) = tar
                    .find(name)
                    .ok_or_else(|| OciError::NotFound(name.to_owned()))?;
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
        let mut name = name.to_owned();
        for _ in 0..MAX_LINKS {
            match self.members.get(&name)? {
                Member::Content { offset, size } => return Some((*offset, *size)),
                Member::Link(target) => name = target.clone(),
            }
        }
        None
    }
}

fn decompress(file: File, limits: &Limits) -> io::Result<tempfile::TempPath> {
    let mut copy = tempfile::NamedTempFile::new()?;
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(128 << 10, file));
    let copied = io::copy(&mut decoder.take(limits.decompressed_bytes + 1), &mut copy)?;
    if copied > limits.decompressed_bytes {
        return Err(io::Error::other(
            "the archive decompresses to more than the limit",
        ));
    }
    Ok(copy.into_temp_path())
}

fn index(path: &Path, limits: &Limits) -> io::Result<HashMap<String, Member>> {
    let mut archive = Archive::new(File::open(path)?);
    let mut members = HashMap::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let name = normalize("", &entry.path()?.to_string_lossy());
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
        if members.len() as u64 > limits.entries {
            return Err(io::Error::other("the archive has too many members"));
        }
    }
    Ok(members)
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
