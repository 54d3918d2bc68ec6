//! Values as columns hold them, written and read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scanyard_package::{Coverage, Digest};
use sqlx::FromRow;
use uuid::Uuid;

use crate::error::Result;
pub(super) use crate::stored_package::{DistroRow, PackageRow};
pub(super) use crate::words::{corrupt, read_count, read_digest, read_size, read_word, write_size};

/// Microseconds since 1970.
pub(super) fn now() -> i64 {
    Utc::now().timestamp_micros()
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

pub(super) fn read_time(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| corrupt("time", micros))
}

pub(super) fn read_uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| corrupt("id", hex::encode(bytes)))
}

/// Digests as a JSON parameter, for `unhex(value)` over `json_each`.
pub(super) fn digests_json(digests: &[Digest]) -> String {
    serde_json::Value::from_iter(digests.iter().map(Digest::to_hex)).to_string()
}

/// Ids of scans likewise.
pub(super) fn ids_json(ids: &[Uuid]) -> String {
    serde_json::Value::from_iter(ids.iter().map(|id| id.simple().to_string())).to_string()
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
