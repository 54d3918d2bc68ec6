//! `packages.lock.json`, `packages.config` and `Directory.Packages.props` of NuGet.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct PackagesLock;

#[derive(Deserialize)]
struct Lock {
    /// By target framework, then by name.
    #[serde(default)]
    dependencies: BTreeMap<String, BTreeMap<String, Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    /// Absent where it is another project of the solution.
    #[serde(default)]
    resolved: String,
}

impl LockFile for PackagesLock {
    fn names(&self) -> Names {
        Names {
            files: &["packages.lock.json"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        let mut declared = Declared::new(PackageKind::Nuget);
        for (name, locked) in lock.dependencies.values().flatten() {
            declared.add(name, &locked.resolved);
        }
        Ok(declared)
    }
}

pub struct PackagesConfig;

impl LockFile for PackagesConfig {
    fn names(&self) -> Names {
        Names {
            files: &["packages.config"],
            ..Names::NONE
        }
    }

    /// Reads the elements `<package id="A" version="1.0.0"/>`.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let mut declared = Declared::new(PackageKind::Nuget);
        each_element(content, |element| {
            if element.name().as_ref() == "package" {
                let attribute = |name| attribute(element, name).unwrap_or_default();
                declared.add(&attribute("id"), &attribute("version"));
            }
        })?;
        Ok(declared)
    }
}

/// The versions that all projects of a solution use.
pub struct PackagesProps;

impl LockFile for PackagesProps {
    fn names(&self) -> Names {
        Names {
            extensions: &["props"],
            ..Names::NONE
        }
    }

    fn is_named(&self, file_name: &str) -> bool {
        file_name.ends_with("Packages.props")
    }

    /// Reads the elements `<PackageVersion Include="A" Version="1.0.0"/>` and their like, where the
    /// version is one and is written out.
    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let mut declared = Declared::new(PackageKind::Nuget);
        each_element(content, |element| {
            let elements = [
                "PackageVersion",
                "PackageReference",
                "GlobalPackageReference",
            ];
            if !elements.contains(&element.name().as_ref()) {
                return;
            }
            let name = attribute(element, "Include").or_else(|| attribute(element, "Update"));
            let version = attribute(element, "Version").unwrap_or_default();
            let exact = version
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            let version = exact.unwrap_or(&version);
            if !version.contains(['$', '*', ',', '(']) {
                declared.add(&name.unwrap_or_default(), version);
            }
        })?;
        Ok(declared)
    }
}

fn each_element(content: &[u8], mut see: impl FnMut(&BytesStart<'_>)) -> Result<(), Malformed> {
    let mut reader = Reader::from_reader(content);
    loop {
        let event = reader.read_event();
        match event.map_err(|error| Malformed::new("XML", error))? {
            Event::Start(element) | Event::Empty(element) => see(&element),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    // To look for repeated names takes quadratic time.
    let mut attributes = element.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.as_ref() == name)?;
    Some(found.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn projects_of_the_solution_are_no_packages() {
        let text = r#"{"version": 1, "dependencies": {
            "net6.0": {"A": {"type": "Direct", "resolved": "1.0.0"}, "my.app": {"type": "Project"}},
            "net7.0": {"A": {"type": "Direct", "resolved": "1.0.0"}}
        }}"#;
        assert_eq!(read_as_text(&PackagesLock, text), ["nuget/A@1.0.0"]);
    }

    #[test]
    fn elements_without_a_version_are_no_packages() {
        let text = "<?xml version=\"1.0\"?>\n<packages>\n  <package id=\"A\" version=\"1.0.0\" />\n  \
                    <package id=\"B\" />\n  <!-- <package id=\"C\" version=\"1\"/> -->\n</packages>";
        assert_eq!(read_as_text(&PackagesConfig, text), ["nuget/A@1.0.0"]);
        assert!(
            PackagesConfig
                .read(b"<packages><package></packages>")
                .is_err()
        );
    }

    #[test]
    fn versions_of_a_solution_are_those_that_are_written_out() {
        assert!(PackagesProps.is_named("Directory.Packages.props"));
        let text = "<Project><ItemGroup><PackageVersion Include=\"A\" Version=\"1.0.0\" />\
                    <PackageReference Update=\"B\" Version=\"[2.0.0]\" />\
                    <PackageVersion Include=\"C\" Version=\"$(CVersion)\" />\
                    <PackageVersion Include=\"D\" Version=\"[1.0,2.0)\" />\
                    <PackageVersion Include=\"E\" Version=\"3.*\" /></ItemGroup></Project>";
        let packages = read_as_text(&PackagesProps, text);
        assert_eq!(packages, ["nuget/A@1.0.0", "nuget/B@2.0.0"]);
    }
}
