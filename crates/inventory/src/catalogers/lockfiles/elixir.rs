//! `mix.lock` of Elixir.

use scanyard_package::PackageKind;

use super::text::{text, unquoted};
use super::{Declared, LockFile, Malformed, Names};

pub struct MixLock;

impl LockFile for MixLock {
    fn names(&self) -> Names {
        Names {
            files: &["mix.lock"],
            ..Names::NONE
        }
    }

    /// Reads the lines `"app": {:hex, :package, "1.0.0", ...},`; those of Git pin no version.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Hex);
        for line in text.lines() {
            let Some((_, facts)) = line.split_once("{:hex,") else {
                continue;
            };
            let mut facts = facts.splitn(3, ',');
            let (Some(name), Some(version)) = (facts.next(), facts.next()) else {
                continue;
            };
            if version.trim_start().starts_with('"') {
                let name = name.trim().trim_start_matches(':');
                declared.add(unquoted(name), unquoted(version));
            }
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn packages_of_hex_are_read_and_those_of_git_are_not() {
        let text = "%{\n  \"app\": {:hex, :plug, \"1.11.1\", \"f2\", [:mix], [{:mime, \"~> 1.0\"}]},\n  \
                    \"b\": {:hex, },\n  \"g\": {:git, \"https://example.com/g.git\", \"abc\", []},\n}\n";
        assert_eq!(read_as_text(&MixLock, text), ["hex/plug@1.11.1"]);
    }
}
