//! `rebar.lock` of Erlang.

use scanyard_package::PackageKind;

use super::text::text;
use super::{Declared, LockFile, Malformed, Names};

pub struct RebarLock;

impl LockFile for RebarLock {
    fn names(&self) -> Names {
        Names {
            files: &["rebar.lock"],
            ..Names::NONE
        }
    }

    /// Reads the terms `{<<"app">>,{pkg,<<"name">>,<<"1.0.0">>},0}` and
    /// `{<<"app">>,{git,"url",{ref,"commit"}},0}`, whose version is the commit.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        // Checksums of the same packages follow.
        let packages = text.split("pkg_hash").next().unwrap_or_default();
        let mut declared = Declared::new(PackageKind::Hex);
        for term in packages.split("{<<").skip(1) {
            let mut strings = term.split('"').skip(1).step_by(2);
            let (app, second, third) = (strings.next(), strings.next(), strings.next());
            let (Some(app), Some(second), Some(third)) = (app, second, third) else {
                continue;
            };
            match term.split_once('{').map(|(_, source)| source) {
                Some(source) if source.starts_with("pkg,") => declared.add(second, third),
                Some(source) if source.starts_with("git,") => declared.add(app, third),
                _ => {}
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
    fn packages_have_versions_and_git_has_commits() {
        let text = "{\"1.2.0\",\n[{<<\"a\">>,{pkg,<<\"a_pkg\">>,<<\"1.1.5\">>},0},\n {<<\"b\">>,\n  \
                    {git,\"https://example.com/b\",\n  {ref,\"c0ffee\"}},\n  1}]}.\n\
                    [{pkg_hash,[{<<\"a\">>, <<\"A6\">>}]}].\n";
        assert_eq!(
            read_as_text(&RebarLock, text),
            ["hex/a_pkg@1.1.5", "hex/b@c0ffee"]
        );
    }
}
