//! Values as columns hold them, written and read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scanyard_package::{Coverage, Digest};
use sqlx::FromRow;
use sqlx::postgres::types::PgInterval;

use crate::error::Result;
pub(super) use crate::stored_package::{DistroRow, PackageRow};
pub(super) use crate::words::{corrupt, read_count, read_digest, read_size, read_word, write_size};

/// Past this a duration is for ever, and a time that far away can still be written.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Adds up with the database's clock, which is everybody's.
pub(super) fn interval(duration: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(duration.min(LONGEST).as_micros()).unwrap_or(i64::MAX),
    }
}

/// Text as Postgres takes it. It takes no NUL, which the names in an image may hold.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Digests as a parameter of type `bytea[]`.
pub(super) fn bytes_of(digests: &[Digest]) -> Vec<&[u8]> {
    digests
        .iter()
        .map(|digest| digest.as_bytes().as_slice())
        .collect()
}

/// A list's cursor out of its time.
pub(super) fn read_time(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| corrupt("time", micros))
}

#[derive(FromRow)]
pub(super) struct CoverageRow {
    kind: String,
    subject: String,
    detail: String,
}

impl CoverageRow {
    pub(super) fn read(self) -> Result<Coverage> {
        Ok(Coverage {
            kind: read_word(&self.kind, str::parse)?,
            subject: self.subject,
            detail: self.detail,
        })
    }
}

/// What could not be assessed, as parameters of type `text[]`.
#[derive(Default)]
pub(super) struct CoverageColumns {
    pub(super) kinds: Vec<&'static str>,
    pub(super) subjects: Vec<String>,
    pub(super) details: Vec<String>,
}

impl CoverageColumns {
    pub(super) fn push(&mut self, gap: &Coverage) {
        self.kinds.push(gap.kind.name());
        self.subjects.push(text(&gap.subject));
        self.details.push(text(&gap.detail));
    }
}
