//! Items of bulks on their way: settled when their scans have ended, fed while there is room.

use std::collections::BTreeMap;

use scanyard_protocol::Lane;
use serde_json::{Value, json};
use sqlx::FromRow;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::columns::{corrupt, micros, now, read_size, read_uuid, write_size};
use super::outbox;
use crate::bulk_share::{OpenBulk, Share, share_window};
use crate::error::Result;
use crate::jobs::{image_message, upload_cut};
use crate::{BulkId, BulkItemState, Fed, Settled, StoreSettings, TenantId};

/// Whether a round of feeding has anything to do. Asked often, and mostly answered no; left to
/// itself, SQLite looks for open items through all that ever were.
pub(super) async fn is_anything_open(readers: &SqlitePool) -> Result<bool> {
    let open = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM bulks WHERE state IN ('receiving', 'running', 'paused'))
             OR EXISTS (SELECT 1 FROM bulk_items INDEXED BY bulk_items_open WHERE state = 'open')",
    );
    Ok(open.fetch_one(readers).await?)
}

pub(super) async fn feed(
    c: &mut SqliteConnection,
    window: u32,
    settings: &StoreSettings,
) -> Result<Fed> {
    cut_uploads(c).await?;
    let settled = settle(c).await?;
    let bulks = open_bulks(c).await?;
    let now = now();
    let shares = share_window(u64::from(window), now, &bulks);
    let mut picked = Vec::new();
    for share in &shares {
        pick(c, share, &mut picked).await?;
    }
    create_scans(
        c,
        &picked,
        now,
        now.saturating_add(micros(settings.lost_after)),
    )
    .await?;
    end_bulks(c, now).await?;
    let fed = picked.len() as u64;
    Ok(Fed {
        settled,
        fed,
        open: bulks.iter().map(|bulk| bulk.open).sum::<u64>() + fed,
    })
}

/// Cancels uploads that nobody continued.
async fn cut_uploads(c: &mut SqliteConnection) -> Result<()> {
    let failure = upload_cut();
    sqlx::query(
        "UPDATE bulks SET state = 'cancelled', finished_at = ?1, cancelled = accepted,
                          fed = accepted, idempotency_key = NULL, failure_code = ?2, failure_message = ?3,
                          failure_remedy = ?4, failure_retryable = ?5
         WHERE state = 'receiving' AND due_at <= ?1",
    )
    .bind(now())
    .bind(&failure.code)
    .bind(&failure.message)
    .bind(&failure.remedy)
    .bind(failure.retryable)
    .execute(c)
    .await?;
    Ok(())
}

/// Takes down how the scans of open items ended; how many have.
pub(super) async fn settle(c: &mut SqliteConnection) -> Result<Settled> {
    let settled: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "UPDATE bulk_items SET state = scans.state, failure_code = scans.failure_code
         FROM scans
         WHERE bulk_items.state = 'open' AND scans.id = bulk_items.scan_id
           AND scans.state IN ('done', 'failed', 'cancelled')
         RETURNING bulk_id, bulk_items.state",
    )
    .fetch_all(&mut *c)
    .await?;
    let mut all = Settled::default();
    let mut counts: BTreeMap<Vec<u8>, Settled> = BTreeMap::new();
    for (bulk, state) in settled {
        let of_bulk = counts.entry(bulk).or_default();
        for settled in [of_bulk, &mut all] {
            match BulkItemState::from_name(&state) {
                Some(BulkItemState::Done) => settled.done += 1,
                Some(BulkItemState::Failed) => settled.failed += 1,
                Some(BulkItemState::Cancelled) => settled.cancelled += 1,
                _ => return Err(corrupt("state of a settled item", state)),
            }
        }
    }
    if counts.is_empty() {
        return Ok(all);
    }
    let rows: Value = counts
        .into_iter()
        .map(|(bulk, of_bulk)| {
            let Settled {
                done,
                failed,
                cancelled,
            } = of_bulk;
            json!([hex::encode(bulk), done, failed, cancelled])
        })
        .collect();
    sqlx::query(
        "UPDATE bulks SET done = done + (ended.value->>1), failed = failed + (ended.value->>2),
                          cancelled = cancelled + (ended.value->>3)
         FROM json_each(?1) AS ended WHERE bulks.id = unhex(ended.value->>0)",
    )
    .bind(rows.to_string())
    .execute(c)
    .await?;
    Ok(all)
}

#[derive(FromRow)]
struct OpenRow {
    id: Vec<u8>,
    tenant_id: Vec<u8>,
    waiting: i64,
    open: i64,
    turn: i64,
}

async fn open_bulks(c: &mut SqliteConnection) -> Result<Vec<OpenBulk>> {
    let rows: Vec<OpenRow> = sqlx::query_as(
        "SELECT id, tenant_id, iif(state = 'running', accepted - fed, 0) AS waiting,
                fed - done - failed - cancelled AS open, turn
         FROM bulks WHERE state IN ('receiving', 'running', 'paused')",
    )
    .fetch_all(c)
    .await?;
    let read = |row: OpenRow| {
        Ok(OpenBulk {
            id: BulkId(read_uuid(&row.id)?),
            tenant: TenantId(read_uuid(&row.tenant_id)?),
            waiting: read_size(row.waiting),
            open: read_size(row.open),
            turn: row.turn,
        })
    };
    rows.into_iter().map(read).collect()
}

/// An item that is fed now.
struct Picked {
    bulk: BulkId,
    position: i64,
    scan: Uuid,
    traceparent: Option<String>,
}

/// Moves a bulk's cursor over its next items and takes them.
async fn pick(c: &mut SqliteConnection, share: &Share, picked: &mut Vec<Picked>) -> Result<()> {
    let before = picked.len();
    let rows: Vec<(i64, Option<String>)> = sqlx::query_as(
        "SELECT position, traceparent FROM bulks
         JOIN bulk_items ON bulk_items.bulk_id = bulks.id AND bulk_items.position > bulks.cursor
         WHERE bulks.id = ?1 ORDER BY position LIMIT ?2",
    )
    .bind(share.bulk.0)
    .bind(write_size(share.items))
    .fetch_all(&mut *c)
    .await?;
    picked.extend(rows.into_iter().map(|(position, traceparent)| Picked {
        bulk: share.bulk,
        position,
        scan: Uuid::now_v7(),
        traceparent,
    }));
    let Some(last) = picked[before..].last() else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE bulks SET cursor = ?2, fed = fed + ?3, turn = ?4,
                          started_at = coalesce(started_at, ?5)
         WHERE id = ?1",
    )
    .bind(share.bulk.0)
    .bind(last.position)
    .bind(write_size((picked.len() - before) as u64))
    .bind(share.turn)
    .bind(now())
    .execute(c)
    .await?;
    Ok(())
}

/// The scans of picked items, with the messages of their image jobs.
async fn create_scans(
    c: &mut SqliteConnection,
    picked: &[Picked],
    now: i64,
    due_at: i64,
) -> Result<()> {
    if picked.is_empty() {
        return Ok(());
    }
    let rows: Value = picked
        .iter()
        .map(|item| {
            let (bulk, scan) = (item.bulk.0.simple(), item.scan.simple());
            json!([bulk.to_string(), item.position, scan.to_string()])
        })
        .collect();
    let statements = [
        "INSERT INTO scans (id, tenant_id, reference, platform, lane, state, traceparent, requests,
                            due_at, created_at, bulk_id)
         SELECT unhex(picked.value->>2), bulks.tenant_id, bulk_items.reference,
                bulk_items.platform, ?2, 'queued', bulks.traceparent, 1, ?3, ?4, bulks.id
         FROM json_each(?1) AS picked
         JOIN bulks ON bulks.id = unhex(picked.value->>0)
         JOIN bulk_items ON bulk_items.bulk_id = bulks.id
             AND bulk_items.position = picked.value->>1",
        "UPDATE bulk_items SET state = 'open', scan_id = unhex(picked.value->>2)
         FROM json_each(?1) AS picked
         WHERE bulk_id = unhex(picked.value->>0) AND position = picked.value->>1",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(rows.to_string())
            .bind(Lane::Bulk.name())
            .bind(due_at)
            .bind(now)
            .execute(&mut *c)
            .await?;
    }
    let messages: Vec<_> = picked
        .iter()
        .map(|item| image_message(item.scan, Lane::Bulk, 1, item.traceparent.clone()))
        .collect();
    outbox::add_messages(c, &messages).await
}

/// Ends bulks all of whose items have ended.
async fn end_bulks(c: &mut SqliteConnection, now: i64) -> Result<()> {
    sqlx::query(
        "UPDATE bulks SET state = 'done', finished_at = ?1
         WHERE state IN ('running', 'paused')
           AND is_listed AND accepted = done + failed + cancelled",
    )
    .bind(now)
    .execute(c)
    .await?;
    Ok(())
}
