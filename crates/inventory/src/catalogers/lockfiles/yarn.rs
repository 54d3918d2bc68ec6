//! `yarn.lock`, of Yarn 1 and of those since (Berry).
//!
//! Both write entries of two levels: a line of descriptors, then indented fields. Berry's file is
//! YAML by design and the same shape in practice.

use scanyard_package::PackageKind;

use super::text::{text, unquoted};
use super::{Declared, LockFile, Malformed, Names};

pub struct YarnLock;

/// What is known of the entry at hand.
#[derive(Default)]
struct Entry<'a> {
    descriptor: &'a str,
    version: &'a str,
    resolved: &'a str,
    resolution: &'a str,
}

impl LockFile for YarnLock {
    fn names(&self) -> Names {
        Names {
            files: &["yarn.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Npm);
        let mut entry = Entry::default();
        for line in text.lines() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if !line.starts_with(' ') {
                entry.finish(&mut declared);
                entry = Entry {
                    descriptor: unquoted(line).trim_end_matches([',', ':']),
                    ..Entry::default()
                };
            } else if !line.starts_with("   ") {
                entry.field(line.trim());
            }
        }
        entry.finish(&mut declared);
        Ok(declared)
    }
}

impl<'a> Entry<'a> {
    fn field(&mut self, line: &'a str) {
        let Some((name, value)) = line.split_once(' ') else {
            return;
        };
        match name.trim_end_matches(':').trim_matches('"') {
            "version" => self.version = unquoted(value),
            "resolved" => self.resolved = unquoted(value),
            "resolution" => self.resolution = unquoted(value),
            _ => {}
        }
    }

    fn finish(&self, declared: &mut Declared) {
        if self.descriptor == "__metadata" || self.version == "0.0.0-use.local" {
            return;
        }
        // Berry resolves to `name@npm:version`, with patches and other protocols for the rest.
        if let Some((name, source)) = split_descriptor(self.resolution) {
            if source.starts_with("npm:") {
                declared.add(name, self.version);
            }
            return;
        }
        let Some((name, range)) = split_descriptor(self.descriptor) else {
            return declared.add(self.descriptor, self.version);
        };
        match range.strip_prefix("npm:").and_then(split_descriptor) {
            Some((aliased, _)) => declared.add(aliased, self.version),
            None if is_elsewhere(range) => {}
            None => declared.add(name, self.version),
        }
    }
}

/// `@scope/name@range` into name and range.
fn split_descriptor(descriptor: &str) -> Option<(&str, &str)> {
    let at = descriptor.get(1..)?.find('@')? + 1;
    Some((&descriptor[..at], &descriptor[at + 1..]))
}

/// Folders, archives and Git repositories, not the registry.
fn is_elsewhere(range: &str) -> bool {
    range.contains('/') || range.starts_with("file:") || range.starts_with("link:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn the_first_yarn_names_packages_by_descriptor() {
        let text = "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@~1.0.1\":\n  version \"1.0.2\"\n  \
                    dependencies:\n    version \"^9\"\n\nb@1:\n  version \"1.5.0\"\n\n\
                    alias@npm:c@^2:\n  version \"2.0.0\"\n\nd@x/y:\n  version \"1.0.0\"\n";
        let packages = read_as_text(&YarnLock, text);
        assert_eq!(packages, ["npm/%40s/a@1.0.2", "npm/b@1.5.0", "npm/c@2.0.0"]);
    }

    #[test]
    fn berry_names_them_by_resolution() {
        let text = "__metadata:\n  version: 6\n\n\"a@npm:^1\":\n  \"version\": 1.2.0\n  resolution: \"a@npm:1.2.0\"\n\n\
                    \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n\n\
                    \"g@https://example.com/g.git\":\n  version: 1.0.0\n  resolution: \"g@https://example.com/g.git\"\n";
        assert_eq!(read_as_text(&YarnLock, text), ["npm/a@1.2.0"]);
    }
}
