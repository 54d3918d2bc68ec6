//! The outbox.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_protocol::{Message, Stage};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::PostgresStore;
use super::columns::{corrupt, interval, read_word};
use super::statements::statements;
use crate::Outbox;
use crate::error::Result;

/// How long a relay sleeps at most: a notice that was lost with its connection is made up for this
/// soon.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// How long a relay has messages to itself. One that died in between delays them by this; one that
/// is slower publishes them twice, which their ids make harmless.
const TAKEN_FOR: Duration = Duration::from_secs(5);

statements! {
    /// Several relays take different messages.
    TAKE = "WITH oldest AS MATERIALIZED (
                SELECT sequence FROM outbox WHERE taken_until <= now()
                ORDER BY sequence LIMIT $1 FOR UPDATE SKIP LOCKED
            ), taken AS (
                UPDATE outbox SET taken_until = now() + $2
                FROM oldest WHERE outbox.sequence = oldest.sequence
                RETURNING outbox.sequence, id, lane, stage, payload, traceparent
            )
            SELECT id, lane, stage, payload, traceparent FROM taken ORDER BY sequence";
    REMOVE = "DELETE FROM outbox WHERE id = ANY ($1::text[])";
    ADD = "INSERT INTO outbox (id, lane, stage, payload, traceparent)
           SELECT id, lane, stage, payload, traceparent
           FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])
               AS added (id, lane, stage, payload, traceparent)
           ON CONFLICT (id) DO NOTHING";
}

#[derive(FromRow)]
struct MessageRow {
    id: String,
    lane: String,
    stage: String,
    payload: Vec<u8>,
    traceparent: Option<String>,
}

impl MessageRow {
    fn read(self) -> Result<Message> {
        Ok(Message {
            id: self.id,
            lane: read_word(&self.lane, str::parse)?,
            stage: Stage::from_name(&self.stage).ok_or_else(|| corrupt("stage", &self.stage))?,
            payload: self.payload,
            traceparent: self.traceparent,
        })
    }
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn pending_messages(&self, limit: u32) -> Result<Vec<Message>> {
        let rows: Vec<MessageRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(TAKE)
                        .bind(i64::from(limit))
                        .bind(interval(TAKEN_FOR))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        rows.into_iter().map(MessageRow::read).collect()
    }

    async fn remove_messages(&self, ids: &[String]) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(REMOVE).bind(ids).execute(c).await?;
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

/// Puts messages into the outbox; one that waits there already stays as it is. The trigger on the
/// table tells the relays when the transaction commits.
pub(super) async fn add_messages(c: &mut PgConnection, messages: &[Message]) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let column = |read: fn(&Message) -> &str| messages.iter().map(read).collect::<Vec<_>>();
    let payloads: Vec<&[u8]> = messages.iter().map(|m| m.payload.as_slice()).collect();
    let traceparents: Vec<Option<&str>> =
        messages.iter().map(|m| m.traceparent.as_deref()).collect();
    sqlx::query(ADD)
        .bind(column(|message| &message.id))
        .bind(column(|message| message.lane.name()))
        .bind(column(|message| message.stage.name()))
        .bind(payloads)
        .bind(traceparents)
        .execute(c)
        .await?;
    Ok(())
}
