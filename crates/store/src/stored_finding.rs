//! A finding as it is stored: JSON of a shape of its own, so that the core type stays free.
//!
//! Fields are only ever added, each with a default; what an earlier version wrote must still read.

use std::str::FromStr;

use aws_lc_rs::digest;
use scanyard_matching::{Cvss, Finding, FixState, Status};
use scanyard_package::Severity;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::error::Result;
use crate::words::corrupt;

#[derive(Serialize, Deserialize)]
struct StoredFinding {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    advisory: String,
    status: String,
    reason: String,
    severity: String,
    #[serde(default)]
    severity_source: Option<String>,
    #[serde(default)]
    cvss: Option<StoredCvss>,
    #[serde(default)]
    known_exploited: bool,
    /// Absent in what versions without it wrote: a fixed version says it then.
    #[serde(default)]
    fix_state: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    fixed_versions: Vec<String>,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    modified: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredCvss {
    version: String,
    vector: String,
    score: f64,
    source: String,
}

/// A finding as the columns of a row.
#[derive(Debug)]
pub(crate) struct StoredFindingRow {
    /// SHA-256 of the content, which names it; in hex.
    pub(crate) digest: String,
    pub(crate) vulnerability: String,
    pub(crate) status: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) is_fixable: bool,
    pub(crate) is_known_exploited: bool,
    pub(crate) content: String,
}

pub(crate) fn encode_finding(finding: &Finding) -> Result<StoredFindingRow> {
    let stored = StoredFinding {
        id: finding.id.clone(),
        aliases: finding.aliases.clone(),
        advisory: finding.advisory.clone(),
        status: finding.status.name().to_owned(),
        reason: finding.reason.clone(),
        severity: finding.severity.name().to_owned(),
        cvss: finding.cvss.as_ref().map(|cvss| StoredCvss {
            version: cvss.version.clone(),
            vector: cvss.vector.clone(),
            score: cvss.score,
            source: cvss.source.clone(),
        }),
        severity_source: finding.severity_source.clone(),
        known_exploited: finding.known_exploited,
        fix_state: Some(finding.fix_state.name().to_owned()),
        urgency: finding.urgency.clone(),
        fixed_versions: finding.fixed_versions.clone(),
        published: finding.published.clone(),
        modified: finding.modified.clone(),
    };
    let content = serde_json::to_string(&stored)
        .map_err(|error| StoreError::Corrupt(format!("a finding: {error}")))?;
    let digest = hex::encode(digest::digest(&digest::SHA256, content.as_bytes()));
    Ok(StoredFindingRow {
        digest,
        vulnerability: finding.id.clone(),
        status: finding.status.name(),
        severity: finding.severity.name(),
        is_fixable: finding.fix_state == FixState::Fixed,
        is_known_exploited: finding.known_exploited,
        content,
    })
}

pub(crate) fn decode_finding(content: &str) -> Result<Finding> {
    let stored: StoredFinding = serde_json::from_str(content)
        .map_err(|error| StoreError::Corrupt(format!("a finding: {error}")))?;
    Ok(Finding {
        status: Status::from_name(&stored.status)
            .ok_or_else(|| corrupt("status", &stored.status))?,
        fix_state: fix_state(&stored)?,
        severity_source: stored.severity_source,
        known_exploited: stored.known_exploited,
        severity: Severity::from_str(&stored.severity)
            .map_err(|_| corrupt("severity", &stored.severity))?,
        id: stored.id,
        aliases: stored.aliases,
        advisory: stored.advisory,
        reason: stored.reason,
        cvss: stored.cvss.map(|cvss| Cvss {
            version: cvss.version,
            vector: cvss.vector,
            score: cvss.score,
            source: cvss.source,
        }),
        urgency: stored.urgency,
        fixed_versions: stored.fixed_versions,
        published: stored.published,
        modified: stored.modified,
    })
}

fn fix_state(stored: &StoredFinding) -> Result<FixState> {
    match &stored.fix_state {
        Some(name) => FixState::from_name(name).ok_or_else(|| corrupt("fix state", name)),
        None if stored.fixed_versions.is_empty() => Ok(FixState::NotFixed),
        None => Ok(FixState::Fixed),
    }
}

/// Every id under which a finding is asked for.
pub(crate) fn ids_of(finding: &Finding) -> Vec<&str> {
    let mut ids: Vec<&str> = finding.aliases.iter().map(String::as_str).collect();
    ids.extend([finding.id.as_str(), finding.advisory.as_str()]);
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Rows of a purl and a finding's content.
pub(crate) fn decode_findings(rows: Vec<(String, String)>) -> Result<Vec<(String, Finding)>> {
    rows.into_iter()
        .map(|(purl, content)| Ok((purl, decode_finding(&content)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first stored form, as version 0.1 wrote it.
    #[test]
    fn an_old_finding_is_still_read() {
        let content = r#"{"id":"CVE-2024-1","aliases":["GHSA-x"],"advisory":"GHSA-x",
            "status":"undetermined","reason":"no version","severity":"high",
            "cvss":{"version":"3.1","vector":"CVSS:3.1/AV:N","score":7.5,"source":"GHSA-x"},
            "urgency":null,"fixed_versions":["1.2"],"published":null,"modified":null}"#;
        let finding = decode_finding(content).unwrap();
        assert_eq!(finding.status, Status::Undetermined);
        assert_eq!(finding.fix_state, FixState::Fixed);
        let written = encode_finding(&finding).unwrap();
        assert!(written.is_fixable);
        assert_eq!(decode_finding(&written.content).unwrap(), finding);
    }
}
