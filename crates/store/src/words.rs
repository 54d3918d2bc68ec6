//! Values as both adapters store them, written and read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scanyard_package::{Digest, Severity};
use uuid::Uuid;

use crate::StoreError;
use crate::error::Result;

pub(crate) fn read_digest(bytes: &[u8]) -> Result<Digest> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("digest", hex::encode(bytes)))?;
    Ok(Digest::from_bytes(bytes))
}

/// A count, which no table of ours takes past 32 bits.
pub(crate) fn read_count(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(crate) fn read_size(size: i64) -> u64 {
    u64::try_from(size).unwrap_or_default()
}

pub(crate) fn write_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Reads a word that is one of ours.
pub(crate) fn read_word<T, E>(
    word: &str,
    read: impl Fn(&str) -> std::result::Result<T, E>,
) -> Result<T> {
    read(word).map_err(|_| corrupt("word", word))
}

/// Two numbers with a point between.
pub(crate) fn read_cursor(cursor: &str) -> Result<(i64, i64)> {
    let (first, second) = cursor.split_once('.').ok_or(StoreError::InvalidCursor)?;
    match (first.parse(), second.parse()) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        _ => Err(StoreError::InvalidCursor),
    }
}

/// Severities in order as numbers: 6 for critical, 1 for unknown.
pub(crate) fn severity_rank(severity: Severity) -> i64 {
    (1..)
        .zip(Severity::WORST_FIRST.iter().rev())
        .find(|(_, known)| **known == severity)
        .map_or(0, |(rank, _)| rank)
}

/// The severity of a rank.
pub(crate) fn rank_severity(rank: i64) -> Option<Severity> {
    let place = usize::try_from(rank).ok()?.checked_sub(1)?;
    Severity::WORST_FIRST.iter().rev().nth(place).copied()
}

/// Names of the severities that are at least this severe.
pub(crate) fn severities_from(severity: Severity) -> Vec<&'static str> {
    let severe = Severity::WORST_FIRST
        .iter()
        .filter(|known| **known >= severity);
    severe.map(|severity| severity.name()).collect()
}

/// A purl up to its version; a literal `@` in a name is encoded.
pub(crate) fn without_version(purl: &str) -> &str {
    purl.find(['@', '?']).map_or(purl, |end| &purl[..end])
}

pub(crate) fn corrupt(what: &str, value: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{value} is no {what}"))
}

/// Ids of version 7 that were made longer ago than this are less.
pub(crate) fn uuid_of_age(age: Duration) -> Uuid {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().saturating_sub(age).as_millis();
    // The id's first 48 bits; those of this very millisecond are as old.
    Uuid::from_u128((millis + 1) << 80)
}
