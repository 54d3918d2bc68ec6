//! R packages: the file `DESCRIPTION` of each in a library.

use scanyard_package::PackageKind;

use super::declared::Declared;
use super::{Cataloger, Names, headers};
use crate::layer::FileEvidence;

pub struct Description;

impl Cataloger for Description {
    fn names(&self) -> Names {
        Names {
            files: &["DESCRIPTION"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with("/DESCRIPTION")
    }

    /// Other files go by the same name, and so do packages that are not built: installing one adds
    /// the field `Built`.
    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let block = headers::blocks(&text).next().unwrap_or_default();
        let (mut name, mut version, mut licence, mut is_built) = ("", "", None, false);
        for (field, value) in headers::fields(block) {
            match field {
                "Package" => name = value,
                "Version" => version = value,
                "License" => licence = Some(value.to_owned()),
                "Built" => is_built = true,
                _ => {}
            }
        }
        let mut declared = Declared::new(PackageKind::Cran);
        if is_built {
            declared.add_licensed(name, version, licence.into_iter().collect());
        }
        declared.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_built_is_installed() {
        let text =
            "Package: mime\nVersion: 0.12\nLicense: GPL\nDescription: Package: no\n  Version: 9\n";
        let path = "usr/lib/R/site-library/mime/DESCRIPTION";
        assert_eq!(
            Description.catalog(path, text.as_bytes()),
            FileEvidence::default()
        );
        let built = format!("{text}Built: R 4.2.1; x86_64-pc-linux-gnu; 2022; unix\n");
        let evidence = Description.catalog(path, built.as_bytes());
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:cran/mime@0.12"
        );
        assert_eq!(evidence.packages[0].licences, ["GPL"]);
    }
}
