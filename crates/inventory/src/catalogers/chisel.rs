//! chisel: parts of Ubuntu's packages, put together without a dpkg database. What was put in is
//! in a list of JSON objects, a line each, compressed with zstd.

use std::io::{self, Read};

use scanyard_package::{CoverageKind, Package, PackageKind};
use serde::Deserialize;

use super::{Cataloger, Names, language_evidence};
use crate::layer::{FileEvidence, Unknown};
use crate::path;

/// Largest list after decompression; a whole Ubuntu has a tenth of it.
const MOST_BYTES: u64 = 64 << 20;

pub struct Manifest;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Package {
        name: String,
        version: String,
        arch: Option<String>,
    },
    Path {
        path: String,
    },
    #[serde(other)]
    Other,
}

impl Cataloger for Manifest {
    fn names(&self) -> Names {
        Names {
            files: &["manifest.wall"],
            ..Names::NONE
        }
    }

    /// Who cuts a system may choose another directory than the usual `var/lib/chisel`.
    fn wants(&self, path: &str) -> bool {
        path.ends_with("/manifest.wall")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match decompress(content) {
            Ok(text) if text.len() as u64 > MOST_BYTES => {
                let detail = format!("the list is larger than {} MiB", MOST_BYTES >> 20);
                FileEvidence::unreadable(CoverageKind::LimitExceeded, detail)
            }
            Ok(text) => read(&text),
            Err(error) => {
                let detail = format!("chisel's list cannot be decompressed: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }
}

fn decompress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let decoder = zstd::Decoder::new(content)?;
    decoder.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn read(text: &[u8]) -> FileEvidence {
    let mut evidence = FileEvidence::default();
    let mut odd = 0;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    // The first object is the list's own head.
    for line in lines.filter(|line| !line.is_empty()).skip(1) {
        match serde_json::from_slice(line) {
            Ok(Line::Package {
                name,
                version,
                arch,
            }) => {
                let mut package = Package::new(PackageKind::Deb, name, version);
                package.arch = arch;
                evidence.packages.push(package.into());
            }
            Ok(Line::Path { path }) => {
                let path = path::normalize(&path).filter(|path| language_evidence(path));
                evidence.owned.extend(path.map(|path| path.into_owned()));
            }
            Ok(Line::Other) => {}
            Err(_) => odd += 1,
        }
    }
    let mut say = |kind, detail: String| evidence.unknowns.push(Unknown { kind, detail });
    if odd > 0 {
        let detail = format!("lines of chisel's list that cannot be read: {odd}");
        say(CoverageKind::UnreadableFile, detail);
    }
    if !evidence.packages.is_empty() {
        // Ubuntu's advisories name source packages: openssl, where libssl3 is installed.
        let detail = "chisel does not say which source packages its packages were built from; \
            advisories about sources of another name were not matched";
        say(CoverageKind::UnsupportedDatabase, detail.to_owned());
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\",\"count\":5}\n\
        {\"kind\":\"content\",\"slice\":\"libc6_libs\",\"path\":\"/usr/bin/ldd\"}\n\
        {\"kind\":\"package\",\"name\":\"libc6\",\"version\":\"2.39-0ubuntu8\",\"sha256\":\"0\",\"arch\":\"amd64\"}\n\
        {\"kind\":\"path\",\"path\":\"/usr/bin/ldd\",\"mode\":\"0755\",\"slices\":[\"libc6_libs\"]}\n\
        {\"kind\":\"slice\",\"name\":\"libc6_libs\"}\n";

    fn catalog(text: &str) -> FileEvidence {
        let list = zstd::encode_all(text.as_bytes(), 1).unwrap();
        Manifest.catalog("var/lib/chisel/manifest.wall", &list)
    }

    #[test]
    fn packages_and_their_files_are_read_and_the_sources_said_to_be_unknown() {
        let evidence = catalog(LIST);
        let purl = evidence.packages[0].package.purl(None);
        assert_eq!(purl, "pkg:deb/libc6@2.39-0ubuntu8?arch=amd64");
        assert_eq!(evidence.owned, ["usr/bin/ldd"]);
        assert_eq!(evidence.unknowns.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(catalog(&format!("{LIST}{{\n[]\n")).unknowns.len(), 2);
        assert_eq!(Manifest.catalog("x", b"not zstd").unknowns.len(), 1);
        let whole = zstd::encode_all(LIST.as_bytes(), 1).unwrap();
        for length in 0..whole.len() {
            let evidence = Manifest.catalog("x", &whole[..length]);
            assert!(!evidence.unknowns.is_empty(), "{length}");
        }
    }

    #[test]
    fn a_list_that_grows_without_end_is_not_kept() {
        let list = zstd::encode_all(io::repeat(b' ').take(MOST_BYTES + 9), 1).unwrap();
        let evidence = Manifest.catalog("x", &list);
        assert_eq!(evidence.unknowns[0].kind, CoverageKind::LimitExceeded);
    }
}
