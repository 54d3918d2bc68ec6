//! Facts and sentences that several forms share.

use std::collections::HashMap;
use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use scanyard_matching::FixState;
use uuid::{Builder, Uuid};

use crate::{Coverage, Finding, Package, Report, Statement, StatementSource};

/// The packages of a report by purl, to which findings refer.
pub fn packages_by_purl(report: &Report) -> HashMap<&str, &Package> {
    let packages = report.packages.iter();
    packages
        .map(|package| (package.purl.as_str(), package))
        .collect()
}

/// A UUID of version 8, whose bits are ours to define: the start of the SHA-256 of these bytes.
pub fn uuid_of(bytes: &[u8]) -> Uuid {
    let hash = digest(&SHA256, bytes);
    let mut start = [0; 16];
    start.copy_from_slice(&hash.as_ref()[..16]);
    Builder::from_custom_bytes(start).into_uuid()
}

/// The UUID of a report: equal reports have the same.
pub fn report_uuid(report: &Report) -> io::Result<Uuid> {
    Ok(uuid_of(&serde_json::to_vec(report)?))
}

/// `Fixed in 1.2, 1.3`, or why there is no fix.
pub fn fix_sentence(finding: &Finding) -> String {
    match (finding.fixed_versions.as_slice(), finding.fix_state) {
        ([], FixState::Fixed | FixState::NotFixed) => "There is no fixed version yet".to_owned(),
        ([], state) => format!("There is no fixed version: {}", state.phrase()),
        (versions, _) => format!("Fixed in {}", versions.join(", ")),
    }
}

/// What could not be assessed, as one sentence.
pub fn coverage_sentence(entry: &Coverage) -> String {
    format!("not assessed: {}: {}", entry.subject, entry.detail)
}

/// Why a finding does not count, and who says so.
pub fn suppression_sentence(by: &Statement) -> String {
    let source = match by.source {
        StatementSource::Waiver => "waiver",
        StatementSource::Vex => "VEX document",
    };
    let mut sentence = by.status.name().replace('_', " ");
    for why in [&by.justification, &by.detail].into_iter().flatten() {
        sentence += &format!(", {}", why.replace('_', " "));
    }
    sentence += &format!(" ({source} {}", by.document);
    if let Some(author) = &by.author {
        sentence += &format!(", {author}");
    }
    if let Some(expires) = by.expires {
        sentence += &format!(", until {}", expires.format("%Y-%m-%d"));
    }
    sentence + ")"
}

/// A page on a vulnerability or an advisory.
pub fn page_of(id: &str) -> String {
    format!("https://osv.dev/vulnerability/{}", encode(id))
}

/// What is no letter, digit, hyphen, point or underscore of an id has no place in a URL.
fn encode(id: &str) -> String {
    let mut url = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' => {
                url.push(char::from(byte));
            }
            _ => {
                url.push('%');
                url.push_str(&hex::encode_upper([byte]));
            }
        }
    }
    url
}
