//! C and C++ packages in Conan's cache: `conaninfo.txt` beside each binary package.

use scanyard_package::PackageKind;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct ConanInfo;

impl Cataloger for ConanInfo {
    fn names(&self) -> Names {
        Names {
            files: &["conaninfo.txt"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with("/conaninfo.txt")
    }

    /// The package itself is named by the directories of the cache,
    /// `data/NAME/VERSION/USER/CHANNEL/package/ID`; what it was built with by the file.
    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let mut declared = Declared::new(PackageKind::Conan);
        let above: Vec<_> = path.rsplit('/').take(8).collect();
        if let [_, _, "package", _, _, version, name, "data"] = above.as_slice() {
            declared.add(name, version);
        }
        let lines = text.lines().map(str::trim);
        let mut requires = lines.skip_while(|line| *line != "[full_requires]").skip(1);
        while let Some(line) = requires.next().filter(|line| !line.starts_with('[')) {
            if let Some((name, version)) = split_reference(line) {
                declared.add(name, version);
            }
        }
        declared.into()
    }
}

/// Name and version of `name/version@user/channel#revision:package`.
pub fn split_reference(reference: &str) -> Option<(&str, &str)> {
    let reference = reference.split(['@', '#', ':', '%']).next()?;
    let (name, version) = reference.split_once('/')?;
    (!version.contains('/')).then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_and_what_it_was_built_with_are_read() {
        let path = "root/.conan/data/freetype/2.12.1/_/_/package/0a1b/conaninfo.txt";
        let text = "[settings]\n    os=Linux\n\n[full_requires]\n    zlib/1.2.13:9c5f\n    bzip2/1.0.8@u/c:1234\n\n[options]\n    a/b=c\n";
        let evidence = ConanInfo.catalog(path, text.as_bytes());
        let purls: Vec<_> = evidence
            .packages
            .iter()
            .map(|p| p.package.purl(None))
            .collect();
        let expected = [
            "pkg:conan/bzip2@1.0.8",
            "pkg:conan/freetype@2.12.1",
            "pkg:conan/zlib@1.2.13",
        ];
        assert_eq!(purls, expected);
    }
}
