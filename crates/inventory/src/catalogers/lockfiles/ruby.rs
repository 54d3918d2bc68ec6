//! `Gemfile.lock` of Bundler.

use scanyard_package::PackageKind;

use super::text::text;
use super::{Declared, LockFile, Malformed, Names};

pub struct GemfileLock;

impl LockFile for GemfileLock {
    fn names(&self) -> Names {
        Names {
            files: &["Gemfile.lock", "gems.locked"],
            ..Names::NONE
        }
    }

    /// Reads the lines `    name (1.0.0)` of the sections `GEM`. Deeper ones are ranges, and other
    /// sections hold what comes from Git and folders.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Gem);
        let mut of_registry = false;
        for line in text.lines() {
            if !line.starts_with(' ') && !line.is_empty() {
                of_registry = line.trim_end() == "GEM";
            }
            let Some(gem) = line
                .strip_prefix("    ")
                .filter(|gem| !gem.starts_with(' '))
            else {
                continue;
            };
            if let Some((name, version)) = gem.split_once(" (")
                && of_registry
            {
                let version = version.trim_end().trim_end_matches(')');
                declared.add(name, without_platform(version));
            }
        }
        Ok(declared)
    }
}

/// `1.15.0-x86_64-linux` is the version 1.15.0 built for a platform. Versions have no dash.
fn without_platform(version: &str) -> &str {
    version.split('-').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn only_gems_of_a_registry_are_listed_by_version_without_platform() {
        let text = "GIT\n  remote: https://example.com/g.git\n  specs:\n    g (1.0)\n\n\
                    GEM\n  remote: https://rubygems.org/\n  specs:\n    a (2.0)\n      b (~> 1)\n    \
                    n (1.15.0-x86_64-linux)\n\nDEPENDENCIES\n  a\n";
        assert_eq!(
            read_as_text(&GemfileLock, text),
            ["gem/a@2.0", "gem/n@1.15.0"]
        );
    }
}
