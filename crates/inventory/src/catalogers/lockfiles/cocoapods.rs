//! `Podfile.lock` of CocoaPods.

use scanyard_package::PackageKind;

use super::text::{text, unquoted};
use super::{Declared, LockFile, Malformed, Names};

pub struct PodfileLock;

impl LockFile for PodfileLock {
    fn names(&self) -> Names {
        Names {
            files: &["Podfile.lock"],
            ..Names::NONE
        }
    }

    /// Reads the lines `  - Name/Subspec (1.0):` of the section `PODS`; deeper ones are ranges.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Cocoapods);
        let pods = text.lines().skip_while(|line| line.trim_end() != "PODS:");
        for line in pods.skip(1) {
            if !line.starts_with(' ') {
                break;
            }
            let Some(pod) = line.strip_prefix("  - ") else {
                continue;
            };
            // Names with special characters stand in quotes, with the version.
            let pod = match pod.starts_with('"') {
                true => unquoted(pod),
                false => pod,
            };
            if let Some((name, version)) = pod.split_once(" (") {
                let name = name.split('/').next().unwrap_or(name);
                declared.add(name, version.split(')').next().unwrap_or_default());
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
    fn subspecs_are_parts_of_their_pod() {
        let text = "PODS:\n  - A/Core (1.0):\n    - B (~> 2.0)\n  - A/Net (1.0)\n  - \"C+D (3.0)\"\n\n\
                    DEPENDENCIES:\n  - E (4.0)\n";
        let packages = read_as_text(&PodfileLock, text);
        assert_eq!(packages, ["cocoapods/A@1.0", "cocoapods/C%2BD@3.0"]);
    }
}
