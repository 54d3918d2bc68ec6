//! The outbox.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_protocol::{Message, Stage};
use serde_json::json;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::columns::{corrupt, read_word};
use crate::Outbox;
use crate::error::Result;

/// How long a relay sleeps at most: a caller that went away between commit and notice is made up
/// for this soon.
const MAX_WAIT: Duration = Duration::from_secs(1);

#[derive(FromRow)]
struct MessageRow {
    id: String,
    lane: String,
    stage: String,
    payload: Vec<u8>,
    traceparent: Option<String>,
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn pending_messages(&self, limit: u32) -> Result<Vec<Message>> {
        let rows: Vec<MessageRow> = sqlx::query_as(
            "SELECT id, lane, stage, payload, traceparent FROM outbox ORDER BY sequence LIMIT ?1",
        )
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(read_message).collect()
    }

    async fn remove_messages(&self, ids: &[String]) -> Result<()> {
        let ids = serde_json::Value::from(ids).to_string();
        self.write(|c| {
            Box::pin(async move {
                sqlx::query("DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?1))")
                    .bind(ids)
                    .execute(c)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn wait_for_messages(&self) {
        // Elapsing is as good an end as a notice.
        let _ = tokio::time::timeout(MAX_WAIT, self.outbox_filled.notified()).await;
    }
}

fn read_message(row: MessageRow) -> Result<Message> {
    Ok(Message {
        id: row.id,
        lane: read_word(&row.lane, str::parse)?,
        stage: Stage::from_name(&row.stage).ok_or_else(|| corrupt("stage", &row.stage))?,
        payload: row.payload,
        traceparent: row.traceparent,
    })
}

/// Puts one message into the outbox, which is what every new scan does.
pub(super) async fn add_message(c: &mut SqliteConnection, message: &Message) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (id, lane, stage, payload, traceparent) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(&message.id)
    .bind(message.lane.name())
    .bind(message.stage.name())
    .bind(&message.payload)
    .bind(&message.traceparent)
    .execute(c)
    .await?;
    Ok(())
}

/// Puts messages into the outbox; one that waits there already stays as it is.
pub(super) async fn add_messages(c: &mut SqliteConnection, messages: &[Message]) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let rows: serde_json::Value = messages
        .iter()
        .map(|message| {
            json!({
                "id": message.id,
                "lane": message.lane.name(),
                "stage": message.stage.name(),
                "payload": hex::encode(&message.payload),
                "traceparent": message.traceparent,
            })
        })
        .collect();
    sqlx::query(
        "INSERT INTO outbox (id, lane, stage, payload, traceparent)
         SELECT value->>'id', value->>'lane', value->>'stage', unhex(value->>'payload'),
                value->>'traceparent'
         FROM json_each(?1) WHERE true
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(rows.to_string())
    .execute(c)
    .await?;
    Ok(())
}
