//! Walks an archive and those within it for what names packages.

use std::io::{self, Read};

use scanyard_package::{CoverageKind, Limits};

use super::found::Found;
use super::manifest::Manifest;
use super::pom;
use super::pom_properties::PomProperties;
use crate::layer::FileEvidence;
use crate::zip_stream::{Entry, Meter, Metered, ZipError, ZipStream};

/// Extensions of Java archives. Those of the first line are nothing else; the others have other
/// uses too.
const OWN_EXTENSIONS: [&str; 6] = ["ear", "hpi", "jar", "jpi", "lpkg", "war"];
const SHARED_EXTENSIONS: [&str; 7] = ["far", "kar", "nar", "par", "rar", "sar", "zap"];
const MAGIC: &[u8] = b"PK\x03\x04";

/// Bytes of a manifest that are read: its main section is first, digests of every class follow.
const MANIFEST_BYTES: u64 = 256 << 10;
const POM_BYTES: u64 = 64 << 10;
/// Directories that are followed by a group and an artifact.
const NAMED: [&str; 2] = ["META-INF/maven/", "META-INF/native-image/"];
/// Bytes of a group and an artifact.
const MOST_OF_A_NAME: usize = 500;

/// Whether a file of this name can be a Java archive.
pub fn is_archive_name(path: &str) -> bool {
    let extension = extension(path);
    OWN_EXTENSIONS.contains(&extension) || SHARED_EXTENSIONS.contains(&extension)
}

/// Whether a file with this name and these first bytes is one. A script may stand in front.
pub fn opens(path: &str, head: &[u8]) -> bool {
    let extension = extension(path);
    let is_own = OWN_EXTENSIONS.contains(&extension) && !head.is_empty();
    is_own || (SHARED_EXTENSIONS.contains(&extension) && head.starts_with(MAGIC))
}

fn extension(path: &str) -> &str {
    let (_, name) = crate::path::split_name(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// What the archive at this path holds, archives within it included.
pub fn catalog(path: &str, content: &mut dyn Read, limits: &Limits) -> io::Result<FileEvidence> {
    let meter = Meter::default();
    let mut stream = Metered::new(content, &meter);
    let bounds = Bounds {
        meter: &meter,
        limits,
        depth: limits.archive_depth,
    };
    Ok(walk(path, &mut stream, bounds)?.into_evidence())
}

/// What the reading of an archive may still cost.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    meter: &'a Meter,
    limits: &'a Limits,
    depth: u32,
}

/// A group and an artifact.
pub type Name = (String, String);

/// What an entry says.
pub enum Piece {
    Manifest(Manifest),
    Pom(PomProperties),
    /// A directory is named for this group and artifact, and says under which licences it is.
    Named(Name, Vec<String>),
    Archive(Found),
}

/// Walks one archive. Only what its directory lists counts: that is what Java sees.
fn walk(path: &str, stream: &mut dyn Read, bounds: Bounds<'_>) -> io::Result<Found> {
    let mut zip = ZipStream::new(stream, bounds.meter);
    let mut found = Found::default();
    let mut pieces = Vec::new();
    let mut is_whole = true;
    while !bounds.meter.is_exhausted() {
        let outcome = match zip.next_entry() {
            Ok(None) => break,
            Ok(Some(entry)) => read_entry(&mut zip, &entry, bounds).map(|piece| {
                pieces.extend(piece.map(|piece| (entry.position, piece)));
            }),
            Err(error) => {
                is_whole = false;
                Err(error)
            }
        };
        if let Err(error) = outcome {
            found.note(error)?;
        }
        if !is_whole {
            break;
        }
    }
    let is_empty = pieces.is_empty();
    match zip.into_directory() {
        Some(directory) => {
            pieces.retain(|(position, _)| directory.lists(*position));
            if directory.hides_entries {
                let detail = "the archive's directory lists entries that were not met in it";
                found.unknown(CoverageKind::UnreadableFile, detail.to_owned());
            }
        }
        None => {
            if is_whole && !bounds.meter.is_exhausted() {
                let detail = "it is no archive, or ends before its directory";
                found.unknown(CoverageKind::UnreadableFile, detail.to_owned());
            }
            // Its name alone makes it no package.
            if is_empty {
                return Ok(found);
            }
        }
    }
    found.add_pieces(
        path,
        pieces.into_iter().map(|(_, piece)| piece),
        bounds.limits,
    );
    Ok(found)
}

/// What an entry says, if it is one that says something.
fn read_entry(
    zip: &mut ZipStream<'_>,
    entry: &Entry,
    bounds: Bounds<'_>,
) -> Result<Option<Piece>, ZipError> {
    let name = entry.name.as_str();
    let (_, file) = crate::path::split_name(name);
    if name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
        let text = read_text(zip, MANIFEST_BYTES)?;
        return Ok(Some(Piece::Manifest(Manifest::read(&text))));
    }
    if file == "pom.properties" {
        let text = read_text(zip, POM_BYTES)?;
        return Ok(PomProperties::read(&text).map(Piece::Pom));
    }
    if let Some(rest) = NAMED.iter().find_map(|start| name.strip_prefix(start)) {
        return read_named(zip, rest);
    }
    if is_archive_name(name) {
        return read_archive(zip, name, bounds);
    }
    Ok(None)
}

/// An entry under a directory that is named for a group and an artifact.
fn read_named(zip: &mut ZipStream<'_>, rest: &str) -> Result<Option<Piece>, ZipError> {
    let mut parts = rest.split('/');
    let (Some(group), Some(artifact), Some(file)) = (parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    if rest.len() > MOST_OF_A_NAME {
        return Ok(None);
    }
    let licences = match file {
        "pom.xml" => pom::licences(read_text(zip, POM_BYTES)?.as_bytes()),
        _ => Vec::new(),
    };
    let name = (group.to_owned(), artifact.to_owned());
    Ok(Some(Piece::Named(name, licences)))
}

fn read_text(zip: &mut ZipStream<'_>, limit: u64) -> Result<String, ZipError> {
    let mut bytes = Vec::new();
    zip.content()?.take(limit).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An archive within an archive, read as it passes by.
fn read_archive(
    zip: &mut ZipStream<'_>,
    name: &str,
    bounds: Bounds<'_>,
) -> Result<Option<Piece>, ZipError> {
    let mut content = zip.content()?;
    let mut head = Vec::new();
    content
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut head)?;
    if !opens(name, &head) {
        return Ok(None);
    }
    bounds.meter.enter()?;
    let Some(depth) = bounds.depth.checked_sub(1) else {
        let limit = "archives lie deeper in one another than is looked".to_owned();
        return Err(ZipError::Limit(limit));
    };
    let mut stream = head.chain(content);
    let found = walk(name, &mut stream, Bounds { depth, ..bounds })?;
    Ok(Some(Piece::Archive(found)))
}
