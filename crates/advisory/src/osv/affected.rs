//! The packages that a document speaks of.

use scanyard_package::Ecosystem;
use serde_json::Value;

use super::document::{self, Document};
use super::rating;
use crate::record::{Affected, Event, EventKind, Range};

/// Every affected entry that names a package. Entries without one (git repositories only) have no
/// key to be found by; their record is still there to be explained.
pub(super) fn of_document(document: &Document<'_>) -> Vec<Affected> {
    document
        .affected
        .iter()
        .filter(|affected| !affected.package.ecosystem.is_empty())
        .filter(|affected| !affected.package.name.is_empty())
        .map(of_entry)
        .collect()
}

/// Where the publisher keeps the document.
pub(super) fn source(document: &Document<'_>) -> Option<String> {
    let mut places = document
        .affected
        .iter()
        .map(|entry| &entry.database_specific);
    places
        .find_map(|place| place.source.as_str())
        .or_else(|| document.database_specific.source.as_str())
        .map(str::to_owned)
}

fn of_entry(entry: &document::Affected) -> Affected {
    let ecosystem = Ecosystem::new(&entry.package.ecosystem);
    let ranges: Vec<Range> = entry.ranges.iter().filter_map(of_range).collect();
    let specific = &entry.ecosystem_specific;
    Affected {
        name: ecosystem.normalize_name(&entry.package.name),
        ecosystem: ecosystem.name().to_owned(),
        only_git: ranges.is_empty() && entry.versions.is_empty() && !entry.ranges.is_empty(),
        ranges,
        custom_ranges: specific.custom_ranges.iter().filter_map(of_range).collect(),
        versions: entry.versions.clone(),
        urgency: urgency(entry),
        disposition: None,
        rating: rating::of_entry(entry),
        specifics: specifics(specific),
    }
}

/// A range whose versions an ecosystem orders; `None` for git commits and for kinds not known.
fn of_range(range: &document::Range) -> Option<Range> {
    let semver = match range.kind.as_str() {
        "SEMVER" => true,
        "ECOSYSTEM" => false,
        _ => return None,
    };
    let events = range.events.iter().flat_map(|event| {
        [
            (EventKind::Introduced, &event.introduced),
            (EventKind::Fixed, &event.fixed),
            (EventKind::LastAffected, &event.last_affected),
            (EventKind::Limit, &event.limit),
        ]
    });
    Some(Range {
        semver,
        events: events
            .filter_map(|(kind, version)| {
                let version = version.clone()?;
                Some(Event { kind, version })
            })
            .collect(),
    })
}

fn urgency(entry: &document::Affected) -> Option<String> {
    let specific = &entry.ecosystem_specific;
    [
        &specific.urgency,
        &specific.ubuntu_priority,
        &entry.database_specific.urgency,
    ]
    .into_iter()
    .find_map(Value::as_str)
    .map(str::to_owned)
}

fn specifics(specific: &document::EcosystemSpecific) -> Vec<(String, Vec<String>)> {
    [
        ("arch", &specific.arch),
        ("availability", &specific.availability),
        ("binaries", &specific.binaries),
        ("platform", &specific.platform),
        ("rpm_modularity", &specific.rpm_modularity),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), texts(value)))
    .filter(|(_, values)| !values.is_empty())
    .collect()
}

/// The strings in a value. Binaries are objects: `{"binary_name": NAME, ...}`, or by name.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => match fields.get("binary_name") {
            Some(name) => texts(name),
            None => fields.keys().cloned().collect(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
