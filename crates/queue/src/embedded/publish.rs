//! Taking messages, each id once within the duplicate window.

use std::collections::HashSet;

use scanyard_protocol::Message;
use serde_json::{Value, json};
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::{Result, micros, now};
use crate::Settings;

/// Forgotten ids per message taken, so that the table shrinks faster than it grows.
const FORGOTTEN_PER_MESSAGE: usize = 2;

pub(super) struct Batch {
    ids: Vec<String>,
    messages: String,
    now: i64,
    /// Ids that were taken by then are forgotten.
    forgotten: i64,
}

impl Batch {
    pub(super) fn new(messages: &[Message], settings: &Settings) -> Self {
        let mut seen = HashSet::new();
        let messages: Vec<_> = messages
            .iter()
            .filter(|message| seen.insert(&message.id))
            .collect();
        let now = now();
        Self {
            ids: messages.iter().map(|message| message.id.clone()).collect(),
            messages: messages
                .into_iter()
                .map(message_json)
                .collect::<Value>()
                .to_string(),
            now,
            forgotten: now.saturating_sub(micros(settings.duplicate_window)),
        }
    }

    pub(super) async fn run(self, c: &mut SqliteConnection) -> Result<()> {
        let taken: Vec<String> = sqlx::query_scalar(
            "INSERT INTO queue_message_ids (id, taken_at)
             SELECT value, ?2 FROM json_each(?1) WHERE true
             ON CONFLICT (id) DO UPDATE SET taken_at = excluded.taken_at WHERE taken_at <= ?3
             RETURNING id",
        )
        .bind(Value::from(self.ids.as_slice()).to_string())
        .bind(self.now)
        .bind(self.forgotten)
        .fetch_all(&mut *c)
        .await?;
        query(
            "INSERT INTO queue_messages
                 (id, lane, stage, payload, traceparent, published_at, visible_at)
             SELECT value->>'id', value->>'lane', value->>'stage', unhex(value->>'payload'),
                    value->>'traceparent', ?3, ?3
             FROM json_each(?1)
             WHERE value->>'id' IN (SELECT value FROM json_each(?2))
             ORDER BY key",
        )
        .bind(&self.messages)
        .bind(Value::from(taken).to_string())
        .bind(self.now)
        .execute(&mut *c)
        .await?;
        query(
            "DELETE FROM queue_message_ids WHERE id IN (
                 SELECT id FROM queue_message_ids WHERE taken_at < ?1 ORDER BY taken_at LIMIT ?2)",
        )
        .bind(self.forgotten)
        .bind(i64::try_from(self.ids.len() * FORGOTTEN_PER_MESSAGE).unwrap_or(i64::MAX))
        .execute(c)
        .await?;
        Ok(())
    }
}

fn message_json(message: &Message) -> Value {
    json!({
        "id": message.id,
        "lane": message.lane.name(),
        "stage": message.stage.name(),
        "payload": hex::encode(&message.payload),
        "traceparent": message.traceparent,
    })
}
