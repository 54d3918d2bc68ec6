//! Messages as their owners see them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::{read_count, read_word};
use super::statements::statements;
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

statements! {
    LIST = select_deliveries!("WHERE subscription_id = $1 AND sequence < $2
        ORDER BY sequence DESC LIMIT $3");
    LIST_BY_STATE = select_deliveries!("WHERE subscription_id = $1 AND sequence < $2
          AND state = $4 ORDER BY sequence DESC LIMIT $3");
    ONE = select_deliveries!("JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
        WHERE deliveries.id = $2 AND subscriptions.tenant_id = $1");
    REDRIVE = "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL
        WHERE id = $2 AND state = 'dead' AND subscription_id IN (
            SELECT id FROM subscriptions WHERE tenant_id = $1)";
}

#[derive(FromRow)]
struct DeliveryRow {
    sequence: i64,
    id: String,
    content: String,
    state: String,
    tries: i64,
    due_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
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
            due_at: Some(self.due_at).filter(|_| state == DeliveryState::Waiting),
            created_at: self.created_at,
            ended_at: self.ended_at,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            problem: self.problem,
        })
    }
}

pub(super) async fn list(
    c: &mut PgConnection,
    id: SubscriptionId,
    state: Option<DeliveryState>,
    page: &PageRequest,
) -> Result<Page<Delivery>> {
    let before = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
        None => i64::MAX,
    };
    let query = sqlx::query_as(state.map_or(LIST, |_| LIST_BY_STATE))
        .bind(id.0)
        .bind(before)
        .bind(i64::from(page.limit) + 1);
    let query = match state {
        Some(state) => query.bind(state.name()),
        None => query,
    };
    let rows: Vec<DeliveryRow> = query.fetch_all(c).await?;
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
    c: &mut PgConnection,
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
    c: &mut PgConnection,
    tenant: TenantId,
    id: &DeliveryId,
) -> Result<bool> {
    let redriven = sqlx::query(REDRIVE)
        .bind(tenant.0)
        .bind(&id.0)
        .execute(c)
        .await?;
    Ok(redriven.rows_affected() > 0)
}
