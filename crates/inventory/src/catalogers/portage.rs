//! portage: a directory for each installed package, `var/db/pkg/CATEGORY/NAME-VERSION`, with a
//! file for each fact. The directory's name is the package's.

use scanyard_package::{CoverageKind, Package, PackageKind};

use super::{Cataloger, Names, language_evidence};
use crate::layer::{DeclaredPackage, FileEvidence};
use crate::path;

const DATABASE: &str = "var/db/pkg/";

/// Category, and name with version, of the directory of a file of this name.
fn entry<'p>(path: &'p str, name: &str) -> Option<(&'p str, &'p str)> {
    let directory = path.strip_prefix(DATABASE)?.strip_suffix(name)?;
    let (category, package) = directory.strip_suffix('/')?.split_once('/')?;
    (!package.is_empty() && !package.contains('/')).then_some((category, package))
}

/// The package of a directory such as `app-shells/bash-5.1_p16-r2`.
fn package(category: &str, directory: &str) -> Option<Package> {
    let is_revision = |text: &str| {
        let digits = text.strip_prefix('r').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (rest, last) = directory.rsplit_once('-')?;
    let name = if is_revision(last) {
        rest.rsplit_once('-')?.0
    } else {
        rest
    };
    let version = directory.get(name.len() + 1..)?;
    let begins_with_digit = version.starts_with(|c: char| c.is_ascii_digit());
    (!name.is_empty() && begins_with_digit)
        .then(|| Package::new(PackageKind::Ebuild, format!("{category}/{name}"), version))
}

fn unnamed() -> FileEvidence {
    let detail = "a portage entry's directory is not a name with a version";
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

/// `CONTENTS`: which files the package has. It is there even where the package has none.
pub struct Contents;

impl Cataloger for Contents {
    fn names(&self) -> Names {
        Names {
            files: &["CONTENTS"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        entry(path, "CONTENTS").is_some()
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let Some(package) = entry(path, "CONTENTS").and_then(|(c, p)| package(c, p)) else {
            return unnamed();
        };
        let text = String::from_utf8_lossy(content);
        let owned = text
            .lines()
            .filter_map(file)
            .filter_map(path::normalize)
            .filter(|file| language_evidence(file));
        FileEvidence {
            owned: owned.map(|file| file.into_owned()).collect(),
            ..FileEvidence::of_packages([package])
        }
    }
}

/// The path of `obj PATH MD5 TIME` or `sym PATH -> TARGET TIME`.
fn file(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("obj ") {
        return rest.rsplitn(3, ' ').nth(2);
    }
    Some(line.strip_prefix("sym ")?.split_once(" -> ")?.0)
}

/// `LICENSE`: the package's licences.
pub struct Licence;

impl Cataloger for Licence {
    fn names(&self) -> Names {
        Names {
            files: &["LICENSE"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        entry(path, "LICENSE").is_some()
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let Some(package) = entry(path, "LICENSE").and_then(|(c, p)| package(c, p)) else {
            return unnamed();
        };
        let licence = String::from_utf8_lossy(content).trim().to_owned();
        FileEvidence::of_packages([DeclaredPackage {
            licences: vec![licence],
            ..DeclaredPackage::from(package)
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_a_name_with_a_version() {
        let cases = [
            ("bash-5.1_p16-r2", Some(("app/bash", "5.1_p16-r2"))),
            ("gtk+-3.24", Some(("app/gtk+", "3.24"))),
            (
                "font-misc-misc-1.1.2-r1",
                Some(("app/font-misc-misc", "1.1.2-r1")),
            ),
            ("r2-r2", None),
            ("bash", None),
            ("bash-", None),
            ("-r1", None),
        ];
        for (directory, expected) in cases {
            let found = package("app", directory);
            let found = found
                .as_ref()
                .map(|p| (p.name.as_str(), p.version.as_str()));
            assert_eq!(found, expected, "{directory}");
        }
    }

    #[test]
    fn contents_own_their_files() {
        let text = "dir /usr/bin\nobj /usr/bin/a file d41d8cd98f00b204e9800998ecf8427e 1\n\
            sym /usr/bin/b -> a 1\nobj /etc/a d41d8cd98f00b204e9800998ecf8427e 1\n";
        let evidence = Contents.catalog("var/db/pkg/app/a-1/CONTENTS", text.as_bytes());
        assert_eq!(evidence.owned, ["usr/bin/a file", "usr/bin/b"]);
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:ebuild/app/a@1"
        );
    }

    #[test]
    fn licences_are_those_of_the_same_package() {
        let evidence = Licence.catalog("var/db/pkg/app/a-1/LICENSE", b"GPL-2 MIT\n");
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:ebuild/app/a@1"
        );
        assert_eq!(evidence.packages[0].licences, ["GPL-2 MIT"]);
        assert!(!Licence.wants("usr/share/LICENSE"));
    }
}
