//! The parts of an OSV document that are read.
//!
//! Own structs, and lenient ones: unknown fields are ignored, `null` is as good as absent, and
//! what is free-form in the schema may have any shape.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    pub(super) id: String,
    #[serde(borrow)]
    pub(super) modified: Cow<'a, str>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) summary: String,
    #[serde(default, deserialize_with = "absent")]
    pub(super) aliases: Vec<String>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) upstream: Vec<String>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) related: Vec<String>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) severity: Vec<Severity>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) affected: Vec<Affected>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) database_specific: DatabaseSpecific,
}

#[derive(Deserialize)]
pub(super) struct Severity {
    #[serde(rename = "type", default, deserialize_with = "absent")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "absent")]
    pub(super) score: String,
}

#[derive(Deserialize, Default)]
pub(super) struct DatabaseSpecific {
    #[serde(default)]
    pub(super) severity: Value,
    #[serde(default)]
    pub(super) cvss_v2: Value,
    #[serde(default)]
    pub(super) cvss_v3: Value,
    #[serde(default)]
    pub(super) cvss_v4: Value,
    #[serde(default)]
    pub(super) urgency: Value,
    #[serde(default)]
    pub(super) source: Value,
}

#[derive(Deserialize)]
pub(super) struct Affected {
    #[serde(default, deserialize_with = "absent")]
    pub(super) package: Package,
    #[serde(default, deserialize_with = "absent")]
    pub(super) ranges: Vec<Range>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) versions: Vec<String>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) severity: Vec<Severity>,
    #[serde(default, deserialize_with = "absent")]
    pub(super) ecosystem_specific: EcosystemSpecific,
    #[serde(default, deserialize_with = "absent")]
    pub(super) database_specific: DatabaseSpecific,
}

#[derive(Deserialize, Default)]
pub(super) struct Package {
    #[serde(default, deserialize_with = "absent")]
    pub(super) ecosystem: String,
    #[serde(default, deserialize_with = "absent")]
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type", default, deserialize_with = "absent")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "absent")]
    pub(super) events: Vec<Event>,
}

/// The schema says that an event has one of these; an event of another kind has none.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct EcosystemSpecific {
    #[serde(default)]
    pub(super) urgency: Value,
    #[serde(default)]
    pub(super) ubuntu_priority: Value,
    #[serde(default, deserialize_with = "absent")]
    pub(super) custom_ranges: Vec<Range>,
    #[serde(default)]
    pub(super) binaries: Value,
    #[serde(default)]
    pub(super) platform: Value,
    #[serde(default)]
    pub(super) arch: Value,
    #[serde(default)]
    pub(super) rpm_modularity: Value,
    #[serde(default)]
    pub(super) availability: Value,
}

/// Reads `null` as the default.
fn absent<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
