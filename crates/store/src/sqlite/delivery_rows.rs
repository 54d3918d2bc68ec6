//! Messages as their owners see them.

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{now, read_count, read_time, read_word};
use crate::error::Result;
use crate::stored_notification::decode_notification;
use crate::{
    Delivery, DeliveryId, DeliveryState, Page, PageRequest, StoreError, SubscriptionId, TenantId,
};

/// A select of messages with this rest of a statement.
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT deliveries.sequence, deliveries.id, deliveries.content, deliveries.state,
                    deliveries.tries, deliveries.due_at, deliveries.created_at,
                    deliveries.ended_at, deliveries.status, deliveries.problem
             FROM deliveries ",
            $rest
        )
    };
}

const LIST: &str = select_deliveries!(
    "WHERE subscription_id = ?1 AND sequence < ?2 AND (?4 IS NULL OR state = ?4)
     ORDER BY sequence DESC LIMIT ?3"
);
const ONE: &str = select_deliveries!(
    "JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
     WHERE deliveries.id = ?2 AND subscriptions.tenant_id = ?1"
);

#[derive(FromRow)]
struct DeliveryRow {
    sequence: i64,
    id: String,
    content: String,
    state: String,
    tries: i64,
    due_at: i64,
    created_at: i64,
    ended_at: Option<i64>,
    status: Option<i64>,
    problem: Option<String>,
}

impl DeliveryRow {
    fn read(self) -> Result<Delivery> {
        let state: DeliveryState = read_word(&self.state, str::parse)?;
        Ok(Delivery {
            id: DeliveryId(self.id),
            notification: decode_notification(&self.content)?,
            state,
            tries: read_count(self.tries),
            due_at: (state == DeliveryState::Waiting)
                .then(|| read_time(self.due_at))
                .transpose()?,
            created_at: read_time(self.created_at)?,
            ended_at: self.ended_at.map(read_time).transpose()?,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            problem: self.problem,
        })
    }
}

pub(super) async fn list(
    c: &mut SqliteConnection,
    id: SubscriptionId,
    state: Option<DeliveryState>,
    page: &PageRequest,
) -> Result<Page<Delivery>> {
    let before = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => i64::MAX,
    };
    let rows: Vec<DeliveryRow> = sqlx::query_as(LIST)
        .bind(id.0)
        .bind(before)
        .bind(i64::from(page.limit) + 1)
        .bind(state.map(|state| state.name()))
        .fetch_all(c)
        .await?;
    let page = Page::cut(rows, page.limit, |row| row.sequence.to_string());
    Ok(Page {
        items: page
            .items
            .into_iter()
            .map(DeliveryRow::read)
            .collect::<Result<_>>()?,
        next: page.next,
    })
}

pub(super) async fn one(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: &DeliveryId,
) -> Result<Option<Delivery>> {
    let row: Option<DeliveryRow> = sqlx::query_as(ONE)
        .bind(tenant.0)
        .bind(&id.0)
        .fetch_optional(c)
        .await?;
    row.map(DeliveryRow::read).transpose()
}

pub(super) async fn redrive(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: &DeliveryId,
) -> Result<bool> {
    let redriven = sqlx::query(
        "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = ?3, ended_at = NULL
         WHERE id = ?2 AND state = 'dead' AND subscription_id IN (
             SELECT id FROM subscriptions WHERE tenant_id = ?1)",
    )
    .bind(tenant.0)
    .bind(&id.0)
    .bind(now())
    .execute(c)
    .await?;
    Ok(redriven.rows_affected() > 0)
}
