//! Revisions of the advisories, and the one that the fleet is at.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::read_digest;
use super::statements::statements;
use crate::error::Result;
use crate::{Revision, StoreError};

statements! {
    /// One process at a time; who reads does not wait.
    LOCK = "LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE";
    ACTIVATE = "INSERT INTO revisions
            (sequence, digest, date, activated_at, rules, is_full, requested_at)
        VALUES ($1, $2, $3, now(), $4, $5, CASE WHEN $6 THEN now() END)
        RETURNING sequence, digest, date, activated_at, rules, is_full";
    LATEST = "SELECT sequence, digest, date, activated_at, rules, is_full FROM revisions
        ORDER BY sequence DESC LIMIT 1";
    BY_SEQUENCE = "SELECT sequence, digest, date, activated_at, rules, is_full FROM revisions
        WHERE sequence = $1";
    /// Whoever stores what a revision says holds the lock together with others, until the end of
    /// the transaction.
    HOLD_FLEET = "SELECT pg_advisory_xact_lock_shared(1, 1)";
    /// Whoever moves the fleet holds it alone.
    LOCK_FLEET = "SELECT pg_advisory_xact_lock(1, 1)";
    FLEET = "SELECT revision FROM fleet WHERE id = 1";
}

#[derive(FromRow)]
struct RevisionRow {
    sequence: i64,
    digest: Vec<u8>,
    date: Option<DateTime<Utc>>,
    activated_at: DateTime<Utc>,
    rules: i64,
    is_full: bool,
}

impl RevisionRow {
    fn read(self) -> Result<Revision> {
        Ok(Revision {
            sequence: self.sequence,
            digest: read_digest(&self.digest)?,
            date: self.date,
            activated_at: self.activated_at,
            rules: self.rules,
            full: self.is_full,
        })
    }
}

/// The revision in use.
pub(super) async fn latest(c: &mut PgConnection) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(LATEST).fetch_optional(c).await?;
    row.map(RevisionRow::read).transpose()
}

pub(super) async fn of_sequence(c: &mut PgConnection, sequence: i64) -> Result<Option<Revision>> {
    let row: Option<RevisionRow> = sqlx::query_as(BY_SEQUENCE)
        .bind(sequence)
        .fetch_optional(c)
        .await?;
    row.map(RevisionRow::read).transpose()
}

pub(super) async fn activate(
    c: &mut PgConnection,
    digest: Digest,
    date: Option<DateTime<Utc>>,
) -> Result<Revision> {
    sqlx::query(LOCK).execute(&mut *c).await?;
    let latest = latest(c).await?;
    match &latest {
        Some(latest) if latest.is_of(digest) => Ok(latest.clone()),
        _ => add(c, &Revision::after(latest.as_ref(), digest, date), false).await,
    }
}

/// The database in use once more, for every package; that is the one in use already while it waits
/// for that.
pub(super) async fn renew(c: &mut PgConnection) -> Result<Option<Revision>> {
    sqlx::query(LOCK).execute(&mut *c).await?;
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

async fn add(c: &mut PgConnection, revision: &Revision, is_requested: bool) -> Result<Revision> {
    let row: RevisionRow = sqlx::query_as(ACTIVATE)
        .bind(revision.sequence)
        .bind(revision.digest.as_bytes().as_slice())
        .bind(revision.date)
        .bind(revision.rules)
        .bind(revision.full)
        .bind(is_requested)
        .fetch_one(c)
        .await?;
    row.read()
}

/// The revision that the fleet is at.
pub(super) async fn fleet(c: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar(FLEET).fetch_one(c).await?)
}

/// Keeps the fleet from being moved until the end of the transaction; where it is, which
/// is an error if that is past the revision.
pub(super) async fn hold_fleet(c: &mut PgConnection, revision: i64) -> Result<i64> {
    sqlx::query(HOLD_FLEET).execute(&mut *c).await?;
    match fleet(c).await? {
        at if at > revision => Err(StoreError::Superseded { at }),
        at => Ok(at),
    }
}

/// Keeps everybody else from storing what revisions say until the end of the transaction; the
/// revision that the fleet is at.
pub(super) async fn lock_fleet(c: &mut PgConnection) -> Result<i64> {
    sqlx::query(LOCK_FLEET).execute(&mut *c).await?;
    fleet(c).await
}
