//! apk-tools: the installed database.

use scanyard_package::{CoverageKind, Package, PackageKind, SourcePackage};

use super::{Cataloger, Names, headers, language_evidence};
use crate::layer::{DeclaredPackage, FileEvidence, Unknown};

pub struct Installed;

impl Cataloger for Installed {
    fn names(&self) -> Names {
        Names {
            files: &["installed"],
            ..Names::NONE
        }
    }

    /// A database below another root is another system's, whose distro need not be this one's.
    fn wants(&self, path: &str) -> bool {
        matches!(path, "lib/apk/db/installed" | "usr/lib/apk/db/installed")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let mut evidence = FileEvidence::default();
        for block in headers::blocks(&text) {
            read_block(block, &mut evidence);
        }
        evidence
    }
}

fn read_block(block: &str, evidence: &mut FileEvidence) {
    let (mut name, mut version, mut arch, mut origin, mut licence) = ("", "", "", "", "");
    let mut dir = "";
    let mut owned = Vec::new();
    for line in block.lines() {
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        match field {
            "P" => name = value,
            "V" => version = value,
            "A" => arch = value,
            "o" => origin = value,
            "L" => licence = value,
            "F" => dir = value,
            "R" => {
                let path = if dir.is_empty() {
                    value.to_owned()
                } else {
                    format!("{dir}/{value}")
                };
                if language_evidence(&path) {
                    owned.push(path);
                }
            }
            _ => {}
        }
    }
    if name.is_empty() || version.is_empty() {
        let detail = format!("an apk entry lacks its name or version: {name}{version}");
        evidence.unknowns.push(Unknown {
            kind: CoverageKind::UnreadableFile,
            detail,
        });
        return;
    }
    let mut package = Package::new(PackageKind::Apk, name, version);
    package.arch = (!arch.is_empty()).then(|| arch.to_owned());
    package.source = (!origin.is_empty() && origin != name).then(|| SourcePackage {
        name: origin.to_owned(),
        version: version.to_owned(),
    });
    let mut declared = DeclaredPackage::from(package);
    declared.owned = owned;
    if !licence.is_empty() {
        declared.licences.push(licence.to_owned());
    }
    evidence.packages.push(declared);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_their_origin_and_own_their_files() {
        let text = "C:Q1abc=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\nL:Apache-2.0\nF:usr/bin\nR:tool\nF:etc\nR:conf\n\n\
            P:musl\nV:1.2.4-r2\nA:x86_64\n";
        let evidence = Installed.catalog("lib/apk/db/installed", text.as_bytes());
        let names: Vec<_> = evidence
            .packages
            .iter()
            .map(|p| (p.package.name.as_str(), p.package.source_name()))
            .collect();
        assert_eq!(names, [("libcrypto3", "openssl"), ("musl", "musl")]);
        assert_eq!(evidence.packages[0].owned, ["usr/bin/tool"]);
        assert_eq!(evidence.packages[0].licences, ["Apache-2.0"]);
    }
}
