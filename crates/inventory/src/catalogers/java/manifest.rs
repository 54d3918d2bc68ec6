//! `META-INF/MANIFEST.MF`: what an archive says of itself.

use std::collections::HashMap;

/// Longest value that is kept. Lists of packages are longer and of no interest.
const MAX_VALUE: usize = 500;

/// The main attributes of a manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    attributes: HashMap<String, String>,
}

impl Manifest {
    /// Reads the main section: `Name: value`, where a line that begins with a space goes on with
    /// the one before.
    pub fn read(text: &str) -> Self {
        let mut attributes = HashMap::new();
        let mut name = None;
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix(' ') {
                let value: Option<&mut String> = name.as_ref().and_then(|n| attributes.get_mut(n));
                if let Some(value) = value
                    && value.len() < MAX_VALUE
                {
                    value.push_str(rest);
                }
            } else if let Some((key, value)) = line.split_once(':') {
                let key = key.trim().to_ascii_lowercase();
                attributes.insert(key.clone(), value.trim_start().to_owned());
                name = Some(key);
            }
        }
        Self { attributes }
    }

    /// The value of an attribute, whose name is given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.attributes.get(name)?.trim();
        (!value.is_empty() && value.len() <= MAX_VALUE && !value.contains("${")).then_some(value)
    }

    /// The name of the OSGi bundle, without its directives.
    pub fn bundle_name(&self) -> Option<&str> {
        let name = self.get("bundle-symbolicname")?;
        name.split(';').next().map(str::trim)
    }

    /// The archive's version.
    pub fn version(&self) -> Option<&str> {
        let attributes = ["plugin-version", "implementation-version", "bundle-version"];
        attributes
            .iter()
            .chain(&["specification-version"])
            .filter_map(|name| self.get(name))
            .filter_map(|value| value.split_whitespace().next())
            .find(|version| version.contains(|c: char| c.is_ascii_digit()))
    }

    /// Its licences.
    pub fn licences(&self) -> Vec<String> {
        let plugin = ["plugin-license-name".to_owned()]
            .into_iter()
            .chain((2..10).map(|number| format!("plugin-license-name-{number}")));
        let mut licences: Vec<_> = plugin
            .filter_map(|name| self.get(&name).map(str::to_owned))
            .collect();
        if licences.is_empty() {
            let bundle = self.get("bundle-license").unwrap_or_default();
            let names = bundle
                .split(',')
                .map(|one| one.split(';').next().unwrap_or_default());
            let names = names.map(str::trim).filter(|name| !name.is_empty());
            licences.extend(names.map(str::to_owned));
        }
        licences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_section_is_read_with_continued_lines() {
        let text = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.to\r\n \
                    mcat;singleton:=true\r\nImplementation-Version: 9.0.65 r1\r\n\r\n\
                    Name: a/B.class\r\nImplementation-Version: 1\r\n";
        let manifest = Manifest::read(text);
        assert_eq!(manifest.bundle_name(), Some("org.apache.tomcat"));
        assert_eq!(manifest.version(), Some("9.0.65"));
    }

    #[test]
    fn what_a_build_left_unfilled_is_nothing() {
        let manifest = Manifest::read("Implementation-Version: ${project.version}\n continued\n");
        assert_eq!(manifest.version(), None);
    }

    #[test]
    fn licences_of_plugins_come_before_those_of_bundles() {
        let manifest = Manifest::read(
            "Plugin-License-Name: Apache License, Version 2.0\nPlugin-License-Name-2: MIT\n",
        );
        assert_eq!(manifest.licences(), ["Apache License, Version 2.0", "MIT"]);
        let manifest = Manifest::read("Bundle-License: Apache-2.0;link=\"x\", MIT\n");
        assert_eq!(manifest.licences(), ["Apache-2.0", "MIT"]);
    }
}
