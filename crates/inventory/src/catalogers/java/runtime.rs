//! The Java runtime, by Bitnami's name for it.

use scanyard_package::{Package, PackageKind};

use crate::layer::FileEvidence;

/// What the `release` file of a runtime says; nothing where it is another program's.
pub fn read_release(text: &str) -> FileEvidence {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("JAVA_VERSION="))
        .map(|value| value.trim().trim_matches('"'));
    FileEvidence::of_packages(version.and_then(package))
}

/// The runtime of this version, as Java writes it: `17.0.19`, or `1.8.0_292` before Java 9.
pub fn package(version: &str) -> Option<Package> {
    let version = match version.strip_prefix("1.") {
        Some(old) => old.replace('_', "."),
        None => version.to_owned(),
    };
    let starts_as_number = version.starts_with(|first: char| first.is_ascii_digit());
    starts_as_number.then(|| Package::new(PackageKind::Bitnami, "java", version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Option<String> {
        let evidence = read_release(text);
        evidence
            .packages
            .first()
            .map(|found| found.package.version.clone())
    }

    #[test]
    fn versions_are_written_as_advisories_write_them() {
        for (java, ours) in [
            ("17.0.19", "17.0.19"),
            ("21", "21"),
            ("1.8.0_292", "8.0.292"),
            ("1.7.0", "7.0"),
        ] {
            let text = format!("IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"{java}\"\n");
            assert_eq!(version(&text).as_deref(), Some(ours));
        }
    }

    #[test]
    fn release_files_of_other_programs_are_nobodys() {
        assert_eq!(version("VERSION=1\n"), None);
        assert_eq!(version("JAVA_VERSION=\"\"\n"), None);
    }
}
