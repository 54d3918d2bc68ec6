//! From a header to the package that it describes, and to the files that are its own.

use scanyard_package::{Package, PackageKind, SourcePackage};

use super::damage::Damage;
use super::header::{Header, Tag};
use crate::catalogers::language_evidence;
use crate::layer::DeclaredPackage;
use crate::path;

/// Longest path that Linux opens.
const PATH_BYTES: usize = 4096;
/// Bytes of paths for each byte of their header. Real headers hold checksums and sizes of each file
/// and stay below one; a header that names one long directory a million times does not.
const PATH_RATIO: usize = 2;
/// Paths of one database that are kept.
pub const MOST_PATHS: usize = 2_000_000;

/// The package; `None` for a key in the key ring, which rpm keeps among the packages.
pub fn read(header: &Header<'_>) -> Result<Option<DeclaredPackage>, Damage> {
    let text = |tag| {
        let text = header.string(tag)?;
        Ok(text
            .map(|text| text.into_owned())
            .filter(|text| !is_none(text)))
    };
    let name = text(Tag::NAME)?.ok_or(Damage::Nameless)?;
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let version = text(Tag::VERSION)?.ok_or(Damage::Nameless)?;
    let release = text(Tag::RELEASE)?.ok_or(Damage::Nameless)?;
    let epoch = header.numbers(Tag::EPOCH)?.next();
    let mut package = Package::new(
        PackageKind::Rpm,
        name,
        full_version(epoch, &format!("{version}-{release}")),
    );
    package.arch = text(Tag::ARCH)?;
    package.source = text(Tag::SOURCE_RPM)?.and_then(|file| read_source(&file, &package));
    package.module = text(Tag::MODULARITY_LABEL)?;
    Ok(Some(DeclaredPackage {
        package,
        licences: text(Tag::LICENSE)?.into_iter().collect(),
        vendor: text(Tag::VENDOR)?,
        owned: Vec::new(),
    }))
}

/// How rpm writes, as text, what is not there.
pub fn is_none(text: &str) -> bool {
    text.is_empty() || text == "(none)"
}

/// `[epoch:]version-release`. An epoch of zero that is written compares as none, and is kept all
/// the same: it is what the database says, and what package URLs carry.
pub fn full_version(epoch: Option<u32>, version: &str) -> String {
    match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version.to_owned(),
    }
}

/// `bash-4.4-19.6.1.src.rpm`; `None` where the package is its own source.
///
/// The file name leaves the epoch out. A package gets that of its source unless it sets its own,
/// and those that do so set their own version too; so where the versions agree, the epochs do.
pub fn read_source(file: &str, package: &Package) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or(stem.strip_suffix(".nosrc"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let version = format!("{version}-{release}");
    let own = package.version.split_once(':');
    let agrees = own.is_some_and(|(_, own)| own == version);
    let source = SourcePackage {
        name: name.to_owned(),
        version: if agrees {
            package.version.clone()
        } else {
            version
        },
    };
    let is_its_own = source.name == package.name && source.version == package.version;
    (!is_its_own).then_some(source)
}

/// Adds the package's files, as far as language packages can live there, and no more than there is
/// room for.
pub fn read_files(header: &Header<'_>, owned: &mut Vec<String>, room: usize) -> Result<(), Damage> {
    let mut budget = header.length().saturating_mul(PATH_RATIO);
    let mut full = Vec::new();
    let mut add = |directory: &[u8], name: &[u8]| {
        if directory.len() + name.len() > PATH_BYTES {
            return Ok(());
        }
        full.clear();
        full.extend(directory);
        full.extend(name);
        budget = budget.checked_sub(full.len()).ok_or(Damage::Paths)?;
        if owned.len() >= room {
            return Err(Damage::Paths);
        }
        if let Ok(path) = std::str::from_utf8(&full)
            && let Some(path) = path::normalize(path)
            && language_evidence(&path)
        {
            owned.push(path.into_owned());
        }
        Ok(())
    };
    let directories: Vec<_> = header.strings(Tag::DIR_NAMES)?.collect::<Result<_, _>>()?;
    let names = header.strings(Tag::BASE_NAMES)?;
    for (name, directory) in names.zip(header.numbers(Tag::DIR_INDEXES)?) {
        let directory = usize::try_from(directory).ok();
        let directory = directory.and_then(|index| directories.get(index));
        add(directory.ok_or(Damage::Bounds)?, name?)?;
    }
    for name in header.strings(Tag::OLD_FILE_NAMES)? {
        add(b"", name?)?;
    }
    Ok(())
}
