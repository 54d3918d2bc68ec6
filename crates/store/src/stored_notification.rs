//! What a message says, as it is stored: JSON of a shape of its own.
//!
//! Fields are only ever added, each with a default; what an earlier version wrote must still read.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use scanyard_package::Severity;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::error::Result;
use crate::words::{corrupt, read_word};
use crate::{ChangeId, ChangeNotice, ImageCount, NoticedPackage, Notification};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Stored {
    Test,
    Changes(StoredNotice),
}

#[derive(Serialize, Deserialize)]
struct StoredNotice {
    kind: String,
    vulnerability: String,
    revision: i64,
    at: DateTime<Utc>,
    severity: String,
    known_exploited: bool,
    fixable: bool,
    images: StoredCount,
    packages: StoredCount,
    examples: Vec<StoredPackage>,
}

#[derive(Serialize, Deserialize)]
struct StoredCount {
    count: u32,
    exact: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredPackage {
    change: i64,
    package: String,
    severity: String,
    #[serde(default)]
    severity_before: Option<String>,
    #[serde(default)]
    fixed_versions: Vec<String>,
}

impl From<ImageCount> for StoredCount {
    fn from(count: ImageCount) -> Self {
        Self {
            count: count.counted(),
            exact: count.is_exact(),
        }
    }
}

impl From<StoredCount> for ImageCount {
    fn from(stored: StoredCount) -> Self {
        match stored.exact {
            true => ImageCount::Exactly(stored.count),
            false => ImageCount::AtLeast(stored.count),
        }
    }
}

pub(crate) fn encode_notification(notification: &Notification) -> Result<String> {
    let stored = match notification {
        Notification::Test => Stored::Test,
        Notification::Changes(notice) => Stored::Changes(StoredNotice {
            kind: notice.kind.name().to_owned(),
            vulnerability: notice.vulnerability.clone(),
            revision: notice.revision,
            at: notice.at,
            severity: notice.severity.name().to_owned(),
            known_exploited: notice.known_exploited,
            fixable: notice.fixable,
            images: notice.images.into(),
            packages: notice.packages.into(),
            examples: notice.examples.iter().map(write_package).collect(),
        }),
    };
    serde_json::to_string(&stored)
        .map_err(|error| StoreError::Corrupt(format!("a message: {error}")))
}

fn write_package(package: &NoticedPackage) -> StoredPackage {
    StoredPackage {
        change: package.change.0,
        package: package.package.clone(),
        severity: package.severity.name().to_owned(),
        severity_before: package.severity_before.map(|s| s.name().to_owned()),
        fixed_versions: package.fixed_versions.clone(),
    }
}

pub(crate) fn decode_notification(content: &str) -> Result<Notification> {
    let stored: Stored = serde_json::from_str(content)
        .map_err(|error| StoreError::Corrupt(format!("a message: {error}")))?;
    let notice = match stored {
        Stored::Test => return Ok(Notification::Test),
        Stored::Changes(notice) => notice,
    };
    let examples = notice.examples.into_iter().map(read_package);
    Ok(Notification::Changes(ChangeNotice {
        kind: read_word(&notice.kind, str::parse)?,
        severity: severity(&notice.severity)?,
        vulnerability: notice.vulnerability,
        revision: notice.revision,
        at: notice.at,
        known_exploited: notice.known_exploited,
        fixable: notice.fixable,
        images: notice.images.into(),
        packages: notice.packages.into(),
        examples: examples.collect::<Result<_>>()?,
    }))
}

fn read_package(stored: StoredPackage) -> Result<NoticedPackage> {
    Ok(NoticedPackage {
        change: ChangeId(stored.change),
        package: stored.package,
        severity: severity(&stored.severity)?,
        severity_before: stored
            .severity_before
            .as_deref()
            .map(severity)
            .transpose()?,
        fixed_versions: stored.fixed_versions,
    })
}

fn severity(word: &str) -> Result<Severity> {
    Severity::from_str(word).map_err(|_| corrupt("severity", word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first stored form, as version 0.1 wrote it.
    #[test]
    fn old_messages_are_still_read() {
        let notice = r#"{"type":"changes","kind":"changed","vulnerability":"CVE-1","revision":7,
            "at":"2024-01-01T00:00:00Z","severity":"high","known_exploited":true,"fixable":false,
            "images":{"count":10000,"exact":false},"packages":{"count":1,"exact":true},
            "examples":[{"change":3,"package":"pkg:deb/debian/a@1","severity":"high",
            "severity_before":"low"}]}"#;
        for content in [notice, r#"{"type":"test"}"#] {
            let read = decode_notification(content).unwrap();
            let written = encode_notification(&read).unwrap();
            assert_eq!(decode_notification(&written).unwrap(), read);
        }
        let Notification::Changes(notice) = decode_notification(notice).unwrap() else {
            panic!("no notice");
        };
        assert_eq!(notice.images, ImageCount::AtLeast(10000));
        assert_eq!(notice.examples[0].severity_before, Some(Severity::Low));
    }
}
