//! Values as columns hold them, written and read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scanyard_package::{Coverage, Digest, Distro};
use sqlx::FromRow;
use uuid::Uuid;

use crate::StoreError;
use crate::error::Result;

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

pub(super) fn read_digest(bytes: &[u8]) -> Result<Digest> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("digest", hex::encode(bytes)))?;
    Ok(Digest::from_bytes(bytes))
}

pub(super) fn read_uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| corrupt("id", hex::encode(bytes)))
}

/// A count, which no table of ours takes past 32 bits.
pub(super) fn read_count(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn read_size(size: i64) -> u64 {
    u64::try_from(size).unwrap_or_default()
}

pub(super) fn write_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Reads a word that is one of ours.
pub(super) fn read_word<T, E>(
    word: &str,
    read: impl Fn(&str) -> std::result::Result<T, E>,
) -> Result<T> {
    read(word).map_err(|_| corrupt("word", word))
}

pub(super) fn corrupt(what: &str, value: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{value} is no {what}"))
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

/// A distro that may be absent, as a left join gives it.
#[derive(FromRow)]
pub(super) struct DistroRow {
    os_id: Option<String>,
    distro_version: Option<String>,
    id_like: Option<String>,
    distro_name: Option<String>,
}

impl DistroRow {
    pub(super) fn read(self) -> Option<Distro> {
        Some(Distro {
            id: self.os_id?,
            version: self.distro_version?,
            id_like: self
                .id_like?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            name: self.distro_name?,
        })
    }
}
