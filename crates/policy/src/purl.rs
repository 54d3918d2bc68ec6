//! Purls as VEX documents and waivers name products: what they leave open matches anything.

use std::collections::BTreeMap;
use std::str::FromStr;

use packageurl::PackageUrl;

/// A purl, of which version, qualifiers and subpath may be left open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PurlPattern {
    text: String,
    /// Type, namespace and name.
    key: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    subpath: Option<String>,
}

/// Longest purl that is read.
const MAX_LENGTH: usize = 4096;

impl PurlPattern {
    /// Reads a purl; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let purl = PackageUrl::from_str(text).ok()?;
        let qualifiers = purl.qualifiers().iter();
        Some(Self {
            text: text.to_owned(),
            key: format!(
                "{}/{}/{}",
                purl.ty(),
                purl.namespace().unwrap_or_default(),
                purl.name()
            ),
            version: purl
                .version()
                .filter(|version| !version.is_empty())
                .map(str::to_owned),
            qualifiers: qualifiers
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            subpath: purl.subpath().map(str::to_owned),
        })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it has in common with every purl that it covers.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    pub(crate) fn qualifier(&self, name: &str) -> Option<&str> {
        self.qualifiers.get(name).map(String::as_str)
    }

    /// Whether another purl is one of those that this one means.
    pub fn covers(&self, other: &PurlPattern) -> bool {
        let same =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        self.key == other.key
            && same(&self.version, &other.version)
            && same(&self.subpath, &other.subpath)
            && self
                .qualifiers
                .iter()
                .all(|(name, value)| other.qualifiers.get(name) == Some(value))
    }

    /// Type, if it is one of images.
    pub(crate) fn is_of_image(&self) -> bool {
        ["oci/", "docker/"]
            .iter()
            .any(|kind| self.key.starts_with(kind))
    }

    /// The last part of the name.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}
