//! pacman: a directory for each installed package, with a description and a file list.

use scanyard_package::{CoverageKind, Package, PackageKind, SourcePackage};

use super::{Cataloger, Names, language_evidence};
use crate::layer::{DeclaredPackage, FileEvidence};
use crate::path;

const DATABASE: &str = "var/lib/pacman/local/";

/// Whether the path is that of a file of this name in a package's directory.
fn is_in_database(path: &str, name: &str) -> bool {
    let below = path.strip_prefix(DATABASE);
    let package = below.and_then(|below| below.strip_suffix(name)?.strip_suffix('/'));
    package.is_some_and(|package| !package.is_empty() && !package.contains('/'))
}

/// Lines with the section that they stand in: `%NAME%`, then values until an empty line.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    text.lines().filter_map(move |line| {
        let line = line.trim();
        let head = line
            .strip_prefix('%')
            .and_then(|rest| rest.strip_suffix('%'));
        match head {
            Some(name) => section = name,
            None if line.is_empty() => section = "",
            None => return Some((section, line)),
        }
        None
    })
}

/// `desc`: what the package is.
pub struct Description;

impl Cataloger for Description {
    fn names(&self) -> Names {
        Names {
            files: &["desc"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        is_in_database(path, "desc")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let (mut name, mut version, mut arch, mut base) = ("", "", "", "");
        let mut licences = Vec::new();
        let mut packager = None;
        for (section, value) in lines(&text) {
            match section {
                "NAME" => name = value,
                "VERSION" => version = value,
                "ARCH" => arch = value,
                "BASE" => base = value,
                "LICENSE" => licences.push(value.to_owned()),
                "PACKAGER" => packager = Some(value.to_owned()),
                _ => {}
            }
        }
        if name.is_empty() || version.is_empty() {
            let detail = "a pacman entry lacks its name or version";
            return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
        }
        let mut package = Package::new(PackageKind::Alpm, name, version);
        package.arch = (!arch.is_empty()).then(|| arch.to_owned());
        package.source = (!base.is_empty() && base != name).then(|| SourcePackage {
            name: base.to_owned(),
            version: version.to_owned(),
        });
        FileEvidence::of_packages([DeclaredPackage {
            licences,
            vendor: packager,
            ..DeclaredPackage::from(package)
        }])
    }
}

/// `files`: what belongs to the package.
pub struct FileList;

impl Cataloger for FileList {
    fn names(&self) -> Names {
        Names {
            files: &["files"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        is_in_database(path, "files")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let files = lines(&text).filter(|(section, _)| *section == "FILES");
        let owned = files
            .filter_map(|(_, file)| path::normalize(file))
            .filter(|file| language_evidence(file));
        FileEvidence {
            owned: owned.map(|file| file.into_owned()).collect(),
            ..FileEvidence::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_the_package_and_its_base() {
        let text = "%NAME%\ngcc-libs\n\n%VERSION%\n13.2.1-3\n\n%BASE%\ngcc\n\n%ARCH%\nx86_64\n\n\
            %LICENSE%\nGPL\nLGPL\n\n%DEPENDS%\nglibc>=2.27\n";
        let evidence =
            Description.catalog("var/lib/pacman/local/gcc-libs-13/desc", text.as_bytes());
        let declared = &evidence.packages[0];
        let purl = declared.package.purl(None);
        assert_eq!(purl, "pkg:alpm/gcc-libs@13.2.1-3?arch=x86_64&upstream=gcc");
        assert_eq!(declared.licences, ["GPL", "LGPL"]);
        assert_eq!(Description.catalog("x", b"%NAME%\n").unknowns.len(), 1);
    }

    #[test]
    fn a_file_list_owns_its_files_and_not_its_backups() {
        let text = "%FILES%\nusr/\nusr/bin/\nusr/bin/gcc\n\n%BACKUP%\nusr/bin/conf\tabc\n";
        let evidence = FileList.catalog("var/lib/pacman/local/gcc-13/files", text.as_bytes());
        assert!(evidence.owned.contains(&"usr/bin/gcc".to_owned()));
        assert!(!evidence.owned.iter().any(|path| path.contains("conf")));
    }

    #[test]
    fn only_files_of_a_package_in_the_database_are_wanted() {
        assert!(Description.wants("var/lib/pacman/local/a-1-1/desc"));
        for path in [
            "var/lib/pacman/local/desc",
            "var/lib/pacman/local/a/b/desc",
            "a/desc",
        ] {
            assert!(!Description.wants(path), "{path}");
        }
    }
}
