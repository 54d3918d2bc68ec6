//! Bulks as the service tells them, and as people read them.

use std::fmt;

use anyhow::Context;
use indicatif::HumanDuration;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::client::Problem;

/// A bulk.
#[derive(Debug, Clone, Deserialize)]
pub struct Bulk {
    /// Its id.
    pub id: Uuid,
    /// `receiving`, `running`, `paused`, `cancelled` or `done`.
    pub state: String,
    /// Whether every reference is known.
    #[serde(default)]
    pub is_listed: bool,
    /// How many items are where.
    pub counts: Counts,
    /// Scans that ended per second.
    #[serde(default)]
    pub rate_per_second: f64,
    /// Seconds until the rest has ended.
    pub eta_seconds: Option<u64>,
    /// The first of what was refused.
    #[serde(default)]
    pub rejections: Vec<Rejection>,
    /// Why the listing or the upload ended early.
    pub failure: Option<Problem>,
}

/// How many items of a bulk are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub waiting: u64,
    pub open: u64,
    pub done: u64,
    pub failed: u64,
    pub cancelled: u64,
}

/// What was refused.
#[derive(Debug, Clone, Deserialize)]
pub struct Rejection {
    line: Option<u64>,
    repository: Option<String>,
    reason: String,
}

/// A page of bulks.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The bulks.
    pub items: Vec<Bulk>,
}

/// Failed items of one reason.
#[derive(Debug, Deserialize)]
pub struct Failures {
    code: String,
    count: u64,
    examples: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    reference: String,
    failure: Option<Problem>,
}

impl Bulk {
    /// Reads an answer.
    pub fn read(answer: &Value) -> anyhow::Result<Self> {
        Self::deserialize(answer).context("the answer is not what this version understands")
    }

    /// Whether nothing will change any more.
    pub fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "cancelled")
    }

    /// What did not get its result, in a sentence.
    pub fn shortfall(&self) -> Option<String> {
        if self.state == "cancelled" {
            return Some(format!("bulk {} was cancelled", self.id));
        }
        if let Some(failure) = &self.failure {
            return Some(format!("not every image is known: {}", failure.detail));
        }
        let Counts {
            accepted,
            rejected,
            failed,
            cancelled,
            ..
        } = self.counts;
        let missing = failed + cancelled + rejected;
        (missing > 0).then(|| {
            format!("{failed} of {accepted} images failed, {cancelled} were cancelled, {rejected} refused")
        })
    }
}

impl fmt::Display for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let more = if self.is_listed { "" } else { "+" };
        let ended = counts.done + counts.failed + counts.cancelled;
        write!(
            f,
            "{}: {ended} of {}{more} images",
            self.state, counts.accepted
        )?;
        let others = [
            (counts.failed, "failed"),
            (counts.cancelled, "cancelled"),
            (counts.rejected, "refused"),
            (counts.duplicates, "sent twice"),
        ];
        for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {word}")?;
        }
        if !self.is_final() {
            write!(f, ", {:.1}/s", self.rate_per_second)?;
        }
        if let Some(seconds) = self.eta_seconds {
            let left = std::time::Duration::from_secs(seconds);
            write!(f, ", {} left", HumanDuration(left))?;
        }
        match &self.failure {
            Some(failure) => write!(f, "\n  {}\n  {}", failure.detail, failure.remedy),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.repository) {
            (Some(line), _) => write!(f, "line {line}: {}", self.reason),
            (None, Some(repository)) => write!(f, "{repository}: {}", self.reason),
            (None, None) => f.write_str(&self.reason),
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8}  {}", self.count, self.code)?;
        for item in &self.examples {
            let why = item.failure.as_ref().map_or("", |failure| &failure.detail);
            write!(f, "\n          {}: {why}", item.reference)?;
        }
        let shown = self.examples.len() as u64;
        match self.count.saturating_sub(shown) {
            0 => Ok(()),
            more => write!(f, "\n          and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(counts: &str, rest: &str) -> Bulk {
        let text = format!(
            r#"{{"id":"00000000-0000-0000-0000-000000000001","state":"running","is_listed":true,
                "counts":{counts},"rate_per_second":12.5{rest}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_bulk_reads_as_a_line() {
        let running = bulk(
            r#"{"accepted":200,"done":90,"failed":10,"rejected":3}"#,
            r#","eta_seconds":65"#,
        );
        assert_eq!(
            running.to_string(),
            "running: 100 of 200 images, 10 failed, 3 refused, 12.5/s, 65 seconds left"
        );
        assert!(!running.is_final());
        assert!(
            running
                .shortfall()
                .unwrap()
                .starts_with("10 of 200 images failed")
        );
        assert_eq!(bulk(r#"{"accepted":2,"done":2}"#, "").shortfall(), None);
    }

    #[test]
    fn failures_say_how_many_they_do_not_show() {
        let text = r#"{"code":"image_not_found","count":3,"examples":[
            {"reference":"r.test/a:1","failure":{"message":"r.test/a 1 was not found"}}]}"#;
        let failures: Failures = serde_json::from_str(text).unwrap();
        let expected = "       3  image_not_found\n          r.test/a:1: r.test/a 1 was not found\n          and 2 more";
        assert_eq!(failures.to_string(), expected);
    }
}
