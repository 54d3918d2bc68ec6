//! Lua rocks: the rockspec that LuaRocks keeps of each.

use scanyard_package::{CoverageKind, PackageKind};

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Rockspec;

impl Cataloger for Rockspec {
    fn names(&self) -> Names {
        Names {
            extensions: &["rockspec"],
            ..Names::NONE
        }
    }

    /// In a tree of rocks, `rocks-5.1/NAME/VERSION/`; others are sources.
    fn wants(&self, path: &str) -> bool {
        let tree = path.rsplit('/').nth(3).unwrap_or_default();
        tree.starts_with("rocks")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let find = |name| text.lines().find_map(|line| assigned(line, name));
        let (Some(name), Some(version)) = (find("package"), find("version")) else {
            let detail = "the rockspec names no package or version as plain text";
            return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
        };
        let mut declared = Declared::new(PackageKind::Luarocks);
        let licences = find("license").map(str::to_owned).into_iter().collect();
        declared.add_licensed(name, version, licences);
        declared.into()
    }
}

/// The text that a line assigns to a name.
fn assigned<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.trim_start().strip_prefix(name)?.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, _) = value.get(1..)?.split_once(quote)?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rocks_in_a_tree_are_installed() {
        let path = "usr/local/lib/luarocks/rocks-5.1/luasec/1.3.2-1/luasec-1.3.2-1.rockspec";
        assert!(Rockspec.wants(path));
        assert!(!Rockspec.wants("src/luasec/luasec-1.3.2-1.rockspec"));
        let text = b"rockspec_format = \"3.0\"\npackage = \"LuaSec\"\nversion='1.3.2-1'\ndescription = {\n  license = \"MIT\"\n}\n";
        let evidence = Rockspec.catalog(path, text);
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:luarocks/LuaSec@1.3.2-1"
        );
        assert_eq!(evidence.packages[0].licences, ["MIT"]);
        assert_eq!(
            Rockspec.catalog(path, b"package = name\n").unknowns.len(),
            1
        );
    }
}
