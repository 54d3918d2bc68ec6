//! Items of bulks on their way: settled when their scans have ended, fed while there is room.

use scanyard_protocol::Lane;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{interval, read_size, write_size};
use super::outbox;
use super::statements::statements;
use crate::bulk_share::{OpenBulk, Share, share_window};
use crate::error::Result;
use crate::jobs::{image_message, upload_cut};
use crate::{BulkId, Fed, Settled, StoreSettings, TenantId};

statements! {
    /// Asked often, and mostly answered no.
    IS_ANYTHING_OPEN = "SELECT
        EXISTS (SELECT 1 FROM bulks WHERE state IN ('receiving', 'running', 'paused'))
        OR EXISTS (SELECT 1 FROM bulk_items WHERE state = 'open')";
    /// Two that feed at the same time do it one after the other.
    LOCK_OPEN = "SELECT id FROM bulks WHERE state IN ('receiving', 'running', 'paused')
        ORDER BY id FOR NO KEY UPDATE";
    CUT_UPLOADS = "UPDATE bulks SET state = 'cancelled', finished_at = now(), idempotency_key = NULL,
            cancelled = accepted, fed = accepted, failure_code = $1, failure_message = $2,
            failure_remedy = $3, failure_retryable = $4
        WHERE state = 'receiving' AND due_at <= now()";
    /// The scans are locked, so that none is queued again before its item says that it failed.
    SETTLE = "WITH ended AS MATERIALIZED (
            SELECT scans.id, scans.state, scans.failure_code
            FROM bulk_items JOIN scans ON scans.id = bulk_items.scan_id
            WHERE bulk_items.state = 'open' AND scans.state IN ('done', 'failed', 'cancelled')
            ORDER BY scans.id FOR SHARE OF scans
        ), settled AS (
            UPDATE bulk_items SET state = ended.state, failure_code = ended.failure_code
            FROM ended WHERE bulk_items.scan_id = ended.id AND bulk_items.state = 'open'
            RETURNING bulk_items.bulk_id, bulk_items.state
        ), counted AS (
            UPDATE bulks SET done = bulks.done + items.done, failed = bulks.failed + items.failed,
                cancelled = bulks.cancelled + items.cancelled
            FROM (SELECT bulk_id, count(*) FILTER (WHERE state = 'done') AS done,
                         count(*) FILTER (WHERE state = 'failed') AS failed,
                         count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                  FROM settled GROUP BY bulk_id) AS items
            WHERE bulks.id = items.bulk_id
        )
        SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
               count(*) FILTER (WHERE state = 'cancelled')
        FROM settled";
    OPEN_BULKS = "SELECT id, tenant_id, turn,
               CASE state WHEN 'running' THEN accepted - fed ELSE 0 END AS waiting,
               fed - done - failed - cancelled AS open,
               (extract(epoch FROM now()) * 1000000)::bigint AS now
        FROM bulks WHERE state IN ('receiving', 'running', 'paused')";
    PICK = "SELECT bulks.id AS bulk, item.position, bulks.traceparent
        FROM unnest($1::uuid[], $2::bigint[]) AS share (bulk_id, items)
        JOIN bulks ON bulks.id = share.bulk_id
        CROSS JOIN LATERAL (
            SELECT position FROM bulk_items
            WHERE bulk_id = bulks.id AND position > bulks.cursor
            ORDER BY position LIMIT share.items
        ) AS item
        ORDER BY bulks.id, item.position";
    ADVANCE = "UPDATE bulks SET cursor = picked.last, fed = fed + picked.items, turn = share.turn,
            started_at = coalesce(started_at, now())
        FROM (SELECT bulk_id, max(position) AS last, count(*) AS items
              FROM unnest($1::uuid[], $2::bigint[]) AS picked (bulk_id, position)
              GROUP BY bulk_id) AS picked
        JOIN unnest($3::uuid[], $4::bigint[]) AS share (bulk_id, turn)
            ON share.bulk_id = picked.bulk_id
        WHERE bulks.id = picked.bulk_id";
    CREATE_SCANS = "WITH picked AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[])
                AS picked (bulk_id, position, scan_id)
        ), opened AS (
            UPDATE bulk_items SET state = 'open', scan_id = picked.scan_id
            FROM picked WHERE bulk_items.bulk_id = picked.bulk_id
                AND bulk_items.position = picked.position
        )
        INSERT INTO scans (id, tenant_id, reference, platform, lane, state, traceparent, requests,
            due_at, created_at, bulk_id)
        SELECT picked.scan_id, bulks.tenant_id, bulk_items.reference, bulk_items.platform, $4,
               'queued', bulks.traceparent, 1, now() + $5, now(), bulks.id
        FROM picked
        JOIN bulks ON bulks.id = picked.bulk_id
        JOIN bulk_items ON bulk_items.bulk_id = picked.bulk_id
            AND bulk_items.position = picked.position";
    END_BULKS = "UPDATE bulks SET state = 'done', finished_at = now()
        WHERE state IN ('running', 'paused')
          AND is_listed AND accepted = done + failed + cancelled";
}

pub(super) async fn is_anything_open(c: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar(IS_ANYTHING_OPEN).fetch_one(c).await?)
}

pub(super) async fn feed(
    c: &mut PgConnection,
    window: u32,
    settings: &StoreSettings,
) -> Result<Fed> {
    sqlx::query(LOCK_OPEN).execute(&mut *c).await?;
    cut_uploads(c).await?;
    let settled = settle(c).await?;
    let (bulks, now) = open_bulks(c).await?;
    let shares = share_window(u64::from(window), now, &bulks);
    let picked = pick(c, &shares).await?;
    create_scans(c, &picked, settings).await?;
    sqlx::query(END_BULKS).execute(c).await?;
    let fed = picked.len() as u64;
    Ok(Fed {
        settled,
        fed,
        open: bulks.iter().map(|bulk| bulk.open).sum::<u64>() + fed,
    })
}

/// Cancels uploads that nobody continued.
async fn cut_uploads(c: &mut PgConnection) -> Result<()> {
    let failure = upload_cut();
    sqlx::query(CUT_UPLOADS)
        .bind(&failure.code)
        .bind(&failure.message)
        .bind(&failure.remedy)
        .bind(failure.retryable)
        .execute(c)
        .await?;
    Ok(())
}

/// Takes down how the scans of open items ended; how many have.
pub(super) async fn settle(c: &mut PgConnection) -> Result<Settled> {
    let (done, failed, cancelled) = sqlx::query_as(SETTLE).fetch_one(c).await?;
    Ok(Settled {
        done: read_size(done),
        failed: read_size(failed),
        cancelled: read_size(cancelled),
    })
}

#[derive(FromRow)]
struct OpenRow {
    id: Uuid,
    tenant_id: Uuid,
    waiting: i64,
    open: i64,
    turn: i64,
    now: i64,
}

/// Bulks that have not ended, and the time that numbers the turns.
async fn open_bulks(c: &mut PgConnection) -> Result<(Vec<OpenBulk>, i64)> {
    let rows: Vec<OpenRow> = sqlx::query_as(OPEN_BULKS).fetch_all(c).await?;
    let now = rows.first().map_or(0, |row| row.now);
    let read = |row: OpenRow| OpenBulk {
        id: BulkId(row.id),
        tenant: TenantId(row.tenant_id),
        waiting: read_size(row.waiting),
        open: read_size(row.open),
        turn: row.turn,
    };
    Ok((rows.into_iter().map(read).collect(), now))
}

/// An item that is fed now.
#[derive(FromRow)]
struct Picked {
    bulk: Uuid,
    position: i64,
    traceparent: Option<String>,
}

/// Takes the next items of each bulk and moves its cursor over them.
async fn pick(c: &mut PgConnection, shares: &[Share]) -> Result<Vec<Picked>> {
    if shares.is_empty() {
        return Ok(Vec::new());
    }
    let bulks: Vec<Uuid> = shares.iter().map(|share| share.bulk.0).collect();
    let items: Vec<i64> = shares.iter().map(|share| write_size(share.items)).collect();
    let turns: Vec<i64> = shares.iter().map(|share| share.turn).collect();
    let picked: Vec<Picked> = sqlx::query_as(PICK)
        .bind(&bulks)
        .bind(items)
        .fetch_all(&mut *c)
        .await?;
    let (of_bulks, positions): (Vec<Uuid>, Vec<i64>) =
        picked.iter().map(|item| (item.bulk, item.position)).unzip();
    sqlx::query(ADVANCE)
        .bind(of_bulks)
        .bind(positions)
        .bind(bulks)
        .bind(turns)
        .execute(c)
        .await?;
    Ok(picked)
}

/// The scans of picked items, with the messages of their image jobs.
async fn create_scans(
    c: &mut PgConnection,
    picked: &[Picked],
    settings: &StoreSettings,
) -> Result<()> {
    if picked.is_empty() {
        return Ok(());
    }
    let scans: Vec<Uuid> = picked.iter().map(|_| Uuid::now_v7()).collect();
    let (bulks, positions): (Vec<Uuid>, Vec<i64>) =
        picked.iter().map(|item| (item.bulk, item.position)).unzip();
    sqlx::query(CREATE_SCANS)
        .bind(bulks)
        .bind(positions)
        .bind(&scans)
        .bind(Lane::Bulk.name())
        .bind(interval(settings.lost_after))
        .execute(&mut *c)
        .await?;
    let messages: Vec<_> = scans
        .iter()
        .zip(picked)
        .map(|(scan, item)| image_message(*scan, Lane::Bulk, 1, item.traceparent.clone()))
        .collect();
    outbox::add_messages(c, &messages).await
}
