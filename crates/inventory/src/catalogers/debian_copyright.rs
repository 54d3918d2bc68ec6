//! Debian's licences: `usr/share/doc/NAME/copyright`, where it is in the form that machines read.
//!
//! The file does not say of which version it is, so the licences wait for the fold, which knows
//! the package of that name. Copyright files in prose are left alone: which licence they mean is
//! for people to say.

use super::{Cataloger, Names, headers};
use crate::layer::FileEvidence;

const DIRECTORY: &str = "usr/share/doc/";
const FORMAT: &str = "copyright-format";
/// A file that names more is no use to anybody.
const MOST_LICENCES: usize = 64;
const MOST_BYTES: usize = 200;

pub struct Copyright;

impl Cataloger for Copyright {
    fn names(&self) -> Names {
        Names {
            files: &["copyright"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        is_copyright(path)
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        FileEvidence {
            licences: licences(&String::from_utf8_lossy(content)),
            ..FileEvidence::default()
        }
    }
}

/// Where the copyright file of a package lies.
pub fn copyright_path(package: &str) -> String {
    format!("{DIRECTORY}{package}/copyright")
}

/// Whether the path is that of some package's copyright file.
pub fn is_copyright(path: &str) -> bool {
    let below = path.strip_prefix(DIRECTORY);
    let package = below.and_then(|below| below.strip_suffix("/copyright"));
    package.is_some_and(|package| !package.is_empty() && !package.contains('/'))
}

/// The short names of the licences, each once, in their order.
fn licences(text: &str) -> Vec<String> {
    let mut blocks = headers::blocks(text);
    let head = blocks.next().unwrap_or_default();
    let is_format = |(name, value): (&str, &str)| name == "Format" && value.contains(FORMAT);
    if !headers::fields(head).any(is_format) {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    let fields = std::iter::once(head)
        .chain(blocks)
        .flat_map(headers::fields);
    for (_, licence) in fields.filter(|(name, _)| *name == "License") {
        let is_new = !licence.is_empty() && !found.iter().any(|known| known == licence);
        if is_new && licence.len() <= MOST_BYTES && found.len() < MOST_LICENCES {
            found.push(licence.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_licence_is_named_once() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
            Files: *\nCopyright: x\nLicense: GPL-3+\n Text: of it\n\nFiles: a\nLicense: Expat\n\n\
            License: GPL-3+\n more\n";
        assert_eq!(licences(text), ["GPL-3+", "Expat"]);
    }

    #[test]
    fn prose_names_no_licence() {
        assert!(licences("It is free.\nLicense: see the GPL\n").is_empty());
    }

    #[test]
    fn only_the_file_of_a_package_is_wanted() {
        assert!(is_copyright(&copyright_path("bash")));
        for path in [
            "usr/share/doc/copyright",
            "usr/share/doc/a/b/copyright",
            "a/copyright",
        ] {
            assert!(!is_copyright(path), "{path}");
        }
    }
}
