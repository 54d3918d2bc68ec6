//! `gradle.lockfile` and `buildscript-gradle.lockfile`.

use scanyard_package::PackageKind;

use super::text::text;
use super::{Declared, LockFile, Malformed, Names};

pub struct GradleLock;

impl LockFile for GradleLock {
    fn names(&self) -> Names {
        Names {
            files: &["gradle.lockfile", "buildscript-gradle.lockfile"],
            ..Names::NONE
        }
    }

    /// Reads the lines `group:artifact:version=configurations`.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Maven);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let coordinates = line.split('=').next().unwrap_or_default();
            if let Some((artifact, version)) = coordinates.rsplit_once(':')
                && artifact.contains(':')
            {
                declared.add(artifact, version);
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
    fn lines_without_coordinates_are_read_over() {
        let text =
            "# comment: a:b:c\norg.x:a:1.0=compileClasspath\nempty=annotationProcessor\n>>>\n";
        assert_eq!(read_as_text(&GradleLock, text), ["maven/org.x/a@1.0"]);
    }
}
