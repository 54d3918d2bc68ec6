//! Revisions of the advisories, and the one that the fleet is at.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{now, read_digest, read_time};
use crate::error::Result;
use crate::{Revision, StoreError};

#[derive(FromRow)]
struct RevisionRow {
    sequence: i64,
    digest: Vec<u8>,
    date: Option<i64>,
    activated_at: i64,
    rules: i64,
    is_full: bool,
}

impl RevisionRow {
    fn read(self) -> Result<Revision> {
        Ok(Revision {
            sequence: self.sequence,
            digest: read_digest(&self.digest)?,
            date: self.date.map(read_time).transpose()?,
            activated_at: read_time(self.activated_at)?,
            rules: self.rules,
            full: self.is_full,
        })
    }
}

/// The revision in use.
pub(super) async fn latest(c: &mut SqliteConnection) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(
        "SELECT sequence, digest, date, activated_at, rules, is_full FROM revisions
         ORDER BY sequence DESC LIMIT 1",
    )
    .fetch_optional(c)
    .await?;
    row.map(RevisionRow::read).transpose()
}

pub(super) async fn of_sequence(
    c: &mut SqliteConnection,
    sequence: i64,
) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(
        "SELECT sequence, digest, date, activated_at, rules, is_full FROM revisions
         WHERE sequence = ?1",
    )
    .bind(sequence)
    .fetch_optional(c)
    .await?;
    row.map(RevisionRow::read).transpose()
}

pub(super) async fn activate(
    c: &mut SqliteConnection,
    digest: Digest,
    date: Option<DateTime<Utc>>,
) -> Result<Revision> {
    let latest = latest(c).await?;
    match &latest {
        Some(latest) if latest.is_of(digest) => Ok(latest.clone()),
        _ => add(c, &Revision::after(latest.as_ref(), digest, date), false).await,
    }
}

/// The database in use once more, for every package; that is the one in use already while it waits
/// for that.
pub(super) async fn renew(c: &mut SqliteConnection) -> Result<Option<Revision>> {
    let Some(latest) = latest(c).await? else {
        return Ok(None);
    };
    if latest.full && latest.sequence > fleet(c).await? {
        return Ok(Some(latest));
    }
    let renewed = Revision {
        sequence: latest.sequence + 1,
        full: true,
        ..latest
    };
    add(c, &renewed, true).await.map(Some)
}

async fn add(
    c: &mut SqliteConnection,
    revision: &Revision,
    is_requested: bool,
) -> Result<Revision> {
    let activated_at = now();
    sqlx::query(
        "INSERT INTO revisions
             (sequence, digest, date, activated_at, rules, is_full, requested_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif(?7, ?4, NULL))",
    )
    .bind(revision.sequence)
    .bind(revision.digest.as_bytes().as_slice())
    .bind(revision.date.map(|date| date.timestamp_micros()))
    .bind(activated_at)
    .bind(revision.rules)
    .bind(revision.full)
    .bind(is_requested)
    .execute(c)
    .await?;
    Ok(Revision {
        activated_at: read_time(activated_at)?,
        ..revision.clone()
    })
}

/// The revision that the fleet is at.
pub(super) async fn fleet(c: &mut SqliteConnection) -> Result<i64> {
    let revision = sqlx::query_scalar("SELECT revision FROM fleet WHERE id = 1");
    Ok(revision.fetch_one(c).await?)
}

/// Where the fleet is; an error if that is past the revision.
pub(super) async fn not_past(c: &mut SqliteConnection, revision: i64) -> Result<i64> {
    match fleet(c).await? {
        at if at > revision => Err(StoreError::Superseded { at }),
        at => Ok(at),
    }
}
