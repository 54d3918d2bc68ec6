//! Canonical's OpenVEX documents: what of a CVE was decided for each source package and release.
//!
//! They complete the OSV records of the same ids, which tell what is affected and fixed but not
//! what never was affected, nor what will not be fixed. That a package is fixed is not read here:
//! the version beside it is the newest there is, not the one that fixed it.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::Deserialize;

use super::SourceError;
use super::collect::{affected_before, each_document, empty_record, summary};
use super::csaf::{purl_name, purl_qualifier};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use crate::disposition::Disposition;
use crate::record::file::RecordWriter;
use crate::record::{Affected, Record};

pub(super) const FEED: Feed = Feed {
    name: "ubuntu",
    address: "https://security-metadata.canonical.com/vex",
    listing: Listing::Files(&["vex-all.tar.xz"]),
    content: Content::Records(each),
};

/// Releases by their code names, which is how purls write them. Statements about others are kept
/// under their code names.
const RELEASES: [(&str, &str); 20] = [
    ("precise", "12.04"),
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

#[derive(Deserialize)]
struct OpenVex {
    timestamp: String,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    products: Vec<Product>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    action_statement: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(rename = "@id", default)]
    id: String,
}

fn each(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    each_document(files, writer, read)
}

fn read(json: &[u8]) -> Result<Option<Record>, String> {
    let document: OpenVex = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let Some(first) = document.statements.first() else {
        return Ok(None);
    };
    let cve = first.vulnerability.name.as_str();
    if !cve.starts_with("CVE-") {
        return Ok(None);
    }
    let mut record = empty_record(FEED.name, &format!("UBUNTU-{cve}"));
    record.modified = DateTime::parse_from_rfc3339(&document.timestamp)
        .map_err(|_| format!("no time: {:?}", document.timestamp))?
        .to_utc();
    record.published = first
        .timestamp
        .as_deref()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|time| time.to_utc());
    record.upstream = vec![cve.to_owned()];
    record.summary = summary(
        first
            .vulnerability
            .description
            .as_deref()
            .unwrap_or_default(),
    );
    record.source = Some(format!("https://ubuntu.com/security/{cve}"));
    let statements = document.statements.iter();
    record.affected = entries(statements.filter(|statement| statement.vulnerability.name == cve));
    Ok((!record.affected.is_empty()).then_some(record))
}

/// What is said of each release and source package.
fn entries<'a>(statements: impl Iterator<Item = &'a Statement>) -> Vec<Affected> {
    let mut stated = BTreeMap::new();
    for statement in statements {
        let Some(disposition) = disposition(statement) else {
            continue;
        };
        for product in &statement.products {
            let is_source = purl_qualifier(&product.id, "arch").as_deref() == Some("source");
            let lane = purl_qualifier(&product.id, "distro").and_then(|label| lane(&label));
            if let (true, Some(lane), Some((name, _))) = (is_source, lane, purl_name(&product.id)) {
                stated.insert((lane, name), disposition);
            }
        }
    }
    stated
        .into_iter()
        .map(|((lane, name), disposition)| entry(&lane, &name, disposition))
        .collect()
}

fn entry(ecosystem: &str, name: &str, disposition: Disposition) -> Affected {
    let mut entry = affected_before(ecosystem, name, None);
    let is_affected = matches!(
        disposition,
        Disposition::WillNotFix | Disposition::FixDeferred | Disposition::EndOfLife
    );
    if !is_affected {
        entry.ranges.clear();
    }
    entry.disposition = Some(disposition);
    entry
}

/// What a statement adds to the OSV record. `component_not_present` says that the release has no
/// such package, and `affected` without a decision is what the OSV record says already.
fn disposition(statement: &Statement) -> Option<Disposition> {
    let action = statement.action_statement.as_deref().unwrap_or_default();
    match statement.status.as_str() {
        "not_affected" => (statement.justification.as_deref() != Some("component_not_present"))
            .then_some(Disposition::NotAffected),
        "under_investigation" => Some(Disposition::UnderInvestigation),
        "affected" if action.contains("no longer supported") => Some(Disposition::EndOfLife),
        "affected" if action.contains("decided to not fix") => Some(Disposition::WillNotFix),
        "affected" if action.contains("deferred") => Some(Disposition::FixDeferred),
        _ => None,
    }
}

/// `noble` is `Ubuntu:24.04`, `esm-infra/focal` is `Ubuntu:Pro:20.04`. Other lanes, such as those
/// of FIPS and of real-time kernels, are none that an image can be known to be in.
fn lane(label: &str) -> Option<String> {
    let (pocket, codename) = match label.split_once('/') {
        Some((codename, "esm")) => ("esm-infra", codename),
        Some((pocket, codename)) => (pocket, codename),
        None => ("", label),
    };
    let release = RELEASES.iter().find(|(name, _)| *name == codename);
    let release = release.map_or(codename, |(_, number)| number);
    match pocket {
        "" => Some(format!("Ubuntu:{release}")),
        "esm-infra" | "esm-apps" | "esm-infra-legacy" => Some(format!("Ubuntu:Pro:{release}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::source::tests::check_records;

    #[test]
    fn decisions_are_read_by_source_package_and_lane() {
        let statement = |status: &str, extra: serde_json::Value, products: &[&str]| {
            let mut statement = json!({"vulnerability": {"@id": "", "name": "CVE-2016-20013", "description": "crypt cost"},
                "timestamp": "2022-02-19T05:15:00Z", "status": status,
                "products": products.iter().map(|id| json!({"@id": id})).collect::<Vec<_>>()});
            for (key, value) in extra.as_object().unwrap() {
                statement[key] = value.clone();
            }
            statement
        };
        let text = json!({"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-05-20T15:02:47.589121Z",
          "statements": [
            statement("affected", json!({"action_statement": "This package (for the given release) is vulnerable to the CVE, the problem is understood, but the Ubuntu Security Team decided to not fix it."}),
              &["pkg:deb/ubuntu/glibc@2.39-0ubuntu8?arch=source&distro=noble", "pkg:deb/ubuntu/libc6@2.39-0ubuntu8?arch=amd64&distro=noble",
                "pkg:deb/ubuntu/glibc@2.31?arch=source&distro=fips-updates/focal"]),
            statement("affected", json!({"action_statement": "needs fixing"}), &["pkg:deb/ubuntu/zlib@1?arch=source&distro=noble"]),
            statement("not_affected", json!({"justification": "vulnerable_code_not_present"}),
              &["pkg:deb/ubuntu/dietlibc@0.34?arch=source&distro=trusty/esm", "pkg:deb/ubuntu/g%2B%2B@1?arch=source&distro=esm-infra/focal"]),
            statement("not_affected", json!({"justification": "component_not_present"}), &["pkg:deb/ubuntu/musl@1?arch=source&distro=noble"]),
            statement("under_investigation", json!({}), &["pkg:deb/ubuntu/sssd@1?arch=source&distro=newest"]),
            statement("fixed", json!({}), &["pkg:deb/ubuntu/syslinux@3?arch=source&distro=jammy"])]});
        check_records(
            super::FEED.content,
            &[("cve/2016/CVE-2016-20013.json", &text.to_string())],
            "
            UBUNTU-CVE-2016-20013 upstream CVE-2016-20013 summary crypt cost
              Ubuntu:24.04 glibc | 0 on | will not fix
              Ubuntu:Pro:14.04 dietlibc | not affected
              Ubuntu:Pro:20.04 g++ | not affected
              Ubuntu:newest sssd | under investigation
            ",
        );
    }
}
