//! Messages on their way.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{micros, now, read_count, read_size, read_time, read_uuid, read_word};
use super::{SqliteStore, notices};
use crate::error::Result;
use crate::notice_making::COUNTED_DELIVERIES;
use crate::stored_notification::decode_notification;
use crate::{
    Attempt, AttemptOutcome, ClaimedDelivery, Deliveries, DeliveryDepth, DeliveryId,
    DueSubscription, Notification, SubscriptionId, Target,
};

const DUE: &str = "SELECT id, failures > 0 FROM subscriptions
    WHERE lower(hex(id)) NOT IN (SELECT value FROM json_each(?1)) AND EXISTS (
        SELECT 1 FROM deliveries WHERE deliveries.subscription_id = subscriptions.id
          AND deliveries.state = 'waiting' AND deliveries.due_at <= ?3
          AND (deliveries.is_test OR (subscriptions.state = 'active'
                                      AND subscriptions.resume_at <= ?3)))
    ORDER BY failures > 0, resume_at, id LIMIT ?2";
const CLAIM: &str = "UPDATE deliveries SET tries = tries + 1, due_at = ?2 + ?3
    WHERE id = (
        SELECT deliveries.id FROM deliveries
        JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
        WHERE deliveries.subscription_id = ?1
          AND deliveries.state = 'waiting' AND deliveries.due_at <= ?2
          AND (deliveries.is_test OR (subscriptions.state = 'active'
                                      AND subscriptions.resume_at <= ?2))
        ORDER BY deliveries.is_test DESC, deliveries.due_at, deliveries.sequence LIMIT 1)
    RETURNING id";
const CLAIMED: &str = "SELECT deliveries.id, deliveries.subscription_id, deliveries.tries,
           deliveries.created_at, deliveries.content, subscriptions.failures, subscriptions.form,
           subscriptions.address, subscriptions.sealed_by, subscriptions.sealed_target
    FROM deliveries JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
    WHERE deliveries.id = ?1";

#[derive(FromRow)]
struct ClaimedRow {
    id: String,
    subscription_id: Vec<u8>,
    tries: i64,
    created_at: i64,
    content: String,
    failures: i64,
    form: String,
    address: String,
    sealed_by: String,
    sealed_target: Vec<u8>,
}

impl ClaimedRow {
    fn read(self) -> Result<ClaimedDelivery> {
        Ok(ClaimedDelivery {
            id: DeliveryId(self.id),
            subscription: SubscriptionId(read_uuid(&self.subscription_id)?),
            tries: read_count(self.tries),
            failures: read_count(self.failures),
            created_at: read_time(self.created_at)?,
            form: read_word(&self.form, str::parse)?,
            target: Target {
                address: self.address,
                sealed_by: self.sealed_by,
                sealed: self.sealed_target,
            },
            notification: decode_notification(&self.content)?,
        })
    }
}

#[async_trait]
impl Deliveries for SqliteStore {
    async fn make_deliveries(&self) -> Result<bool> {
        self.write(|c| Box::pin(async move { notices::make(c).await }))
            .await
    }

    async fn due_subscriptions(
        &self,
        busy: &[SubscriptionId],
        limit: u32,
    ) -> Result<Vec<DueSubscription>> {
        let busy = busy.iter().map(|id| id.0.simple().to_string());
        let rows: Vec<(Vec<u8>, bool)> = sqlx::query_as(DUE)
            .bind(Value::from_iter(busy).to_string())
            .bind(limit)
            .bind(now())
            .fetch_all(self.readers())
            .await?;
        let due = |(id, failing): (Vec<u8>, bool)| {
            Ok(DueSubscription {
                id: SubscriptionId(read_uuid(&id)?),
                failing,
            })
        };
        rows.into_iter().map(due).collect()
    }

    async fn claim_delivery(
        &self,
        subscription: SubscriptionId,
        lease: Duration,
    ) -> Result<Option<ClaimedDelivery>> {
        let row = self.write(move |c| {
            Box::pin(async move {
                let id: Option<String> = sqlx::query_scalar(CLAIM)
                    .bind(subscription.0)
                    .bind(now())
                    .bind(micros(lease))
                    .fetch_optional(&mut *c)
                    .await?;
                let row: Option<ClaimedRow> = match id {
                    Some(id) => Some(sqlx::query_as(CLAIMED).bind(id).fetch_one(c).await?),
                    None => None,
                };
                Result::Ok(row)
            })
        });
        row.await?.map(ClaimedRow::read).transpose()
    }

    async fn end_attempt(&self, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<()> {
        let (claimed, attempt) = (claimed.clone(), attempt.clone());
        self.write(|c| Box::pin(async move { end(c, &claimed, &attempt).await }))
            .await
    }

    async fn prune_deliveries(&self, older_than: Duration, limit: u32) -> Result<u64> {
        let before = now().saturating_sub(micros(older_than));
        self.write(move |c| {
            Box::pin(async move {
                let pruned = sqlx::query(
                    "DELETE FROM deliveries WHERE sequence IN (
                         SELECT sequence FROM deliveries WHERE ended_at < ?1
                         ORDER BY ended_at LIMIT ?2)",
                )
                .bind(before)
                .bind(limit)
                .execute(c)
                .await?;
                Ok(pruned.rows_affected())
            })
        })
        .await
    }

    async fn delivery_depth(&self) -> Result<DeliveryDepth> {
        let (waiting, dead): (i64, i64) = sqlx::query_as(
            "SELECT
                 (SELECT count(*) FROM (
                     SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT ?1)),
                 (SELECT count(*) FROM (
                     SELECT 1 FROM deliveries WHERE state = 'dead' LIMIT ?1))",
        )
        .bind(COUNTED_DELIVERIES)
        .fetch_one(self.readers())
        .await?;
        Ok(DeliveryDepth {
            waiting: read_size(waiting),
            dead: read_size(dead),
        })
    }
}

async fn end(c: &mut SqliteConnection, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<()> {
    let (state, wait) = match attempt.outcome {
        AttemptOutcome::Delivered => ("delivered", Duration::ZERO),
        AttemptOutcome::Retry(wait) => ("waiting", wait),
        AttemptOutcome::GiveUp(wait) => ("dead", wait),
        AttemptOutcome::Gone => ("dead", Duration::ZERO),
    };
    let ended = sqlx::query(
        "UPDATE deliveries SET state = ?3, status = ?4, problem = ?5,
             due_at = CASE WHEN ?3 = 'waiting' THEN ?6 + ?7 ELSE due_at END,
             ended_at = CASE WHEN ?3 = 'waiting' THEN NULL ELSE ?6 END
         WHERE id = ?1 AND tries = ?2 AND state = 'waiting'",
    )
    .bind(&claimed.id.0)
    .bind(claimed.tries)
    .bind(state)
    .bind(attempt.status)
    .bind(&attempt.problem)
    .bind(now())
    .bind(micros(wait))
    .execute(&mut *c)
    .await?;
    if ended.rows_affected() > 0 {
        judge_receiver(c, claimed, attempt.outcome).await?;
    }
    Ok(())
}

/// What the try says about the receiver. Trying the way out says nothing against it.
async fn judge_receiver(
    c: &mut SqliteConnection,
    claimed: &ClaimedDelivery,
    outcome: AttemptOutcome,
) -> Result<()> {
    let query = match outcome {
        AttemptOutcome::Delivered => sqlx::query(
            "UPDATE subscriptions SET failures = 0, resume_at = 0 WHERE id = ?1 AND failures > 0",
        )
        .bind(claimed.subscription.0),
        _ if claimed.notification == Notification::Test => return Ok(()),
        AttemptOutcome::Gone => sqlx::query(
            "UPDATE subscriptions SET state = 'gone' WHERE id = ?1 AND state = 'active'",
        )
        .bind(claimed.subscription.0),
        AttemptOutcome::Retry(wait) | AttemptOutcome::GiveUp(wait) => sqlx::query(
            "UPDATE subscriptions SET failures = failures + 1, resume_at = ?2 WHERE id = ?1",
        )
        .bind(claimed.subscription.0)
        .bind(now().saturating_add(micros(wait))),
    };
    query.execute(c).await?;
    Ok(())
}
