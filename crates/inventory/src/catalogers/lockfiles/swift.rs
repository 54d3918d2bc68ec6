//! `Package.resolved` of the Swift package manager, versions 1 to 3.

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct PackageResolved;

#[derive(Deserialize)]
struct Resolved {
    /// Version 1 has the pins one level down.
    #[serde(default)]
    object: Pins,
    #[serde(default)]
    pins: Vec<Pin>,
}

#[derive(Deserialize, Default)]
struct Pins {
    #[serde(default)]
    pins: Vec<Pin>,
}

#[derive(Deserialize)]
struct Pin {
    #[serde(alias = "repositoryURL", default)]
    location: String,
    state: State,
}

#[derive(Deserialize)]
struct State {
    /// Absent where a branch or a commit is pinned.
    version: Option<String>,
}

impl LockFile for PackageResolved {
    fn names(&self) -> Names {
        Names {
            files: &["Package.resolved"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let resolved: Resolved = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Swift);
        for pin in resolved.pins.iter().chain(&resolved.object.pins) {
            let version = pin.state.version.as_deref().unwrap_or_default();
            declared.add(name(&pin.location), version);
        }
        Ok(declared)
    }
}

/// The URL of a repository without scheme, user and suffix, as advisories name it.
fn name(location: &str) -> &str {
    let address = location
        .split_once("://")
        .map_or(location, |(_, rest)| rest);
    let address = address.split_once('@').map_or(address, |(_, rest)| rest);
    address.trim_end_matches('/').trim_end_matches(".git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn pins_of_every_version_are_named_by_their_repository() {
        let second = r#"{"version": 2, "pins": [
            {"identity": "nio", "location": "https://github.com/apple/swift-nio.git", "state": {"version": "2.0.0"}},
            {"identity": "b", "location": "https://github.com/x/b", "state": {"branch": "main"}}]}"#;
        let packages = read_as_text(&PackageResolved, second);
        assert_eq!(packages, ["swift/github.com/apple/swift-nio@2.0.0"]);
        let first = r#"{"version": 1, "object": {"pins": [
            {"package": "A", "repositoryURL": "https://github.com/x/A.git", "state": {"version": "1.0.0"}}]}}"#;
        assert_eq!(
            read_as_text(&PackageResolved, first),
            ["swift/github.com/x/A@1.0.0"]
        );
    }
}
