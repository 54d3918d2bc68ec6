//! Messages on their way.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{interval, read_count, read_size, read_word, text};
use super::statements::statements;
use super::{PostgresStore, notices};
use crate::error::Result;
use crate::notice_making::COUNTED_DELIVERIES;
use crate::stored_notification::decode_notification;
use crate::{
    Attempt, AttemptOutcome, ClaimedDelivery, Deliveries, DeliveryDepth, DeliveryId,
    DueSubscription, Notification, SubscriptionId, Target,
};

statements! {
    DUE = "SELECT id, failures > 0 FROM subscriptions
        WHERE NOT id = ANY ($1::uuid[]) AND EXISTS (
            SELECT FROM deliveries WHERE deliveries.subscription_id = subscriptions.id
              AND deliveries.state = 'waiting' AND deliveries.due_at <= now()
              AND (deliveries.is_test OR (subscriptions.state = 'active'
                                          AND subscriptions.resume_at <= now())))
        ORDER BY failures > 0, resume_at, id LIMIT $2";
    CLAIM = "WITH due AS MATERIALIZED (
            SELECT deliveries.id, subscriptions.failures, subscriptions.form,
                   subscriptions.address, subscriptions.sealed_by, subscriptions.sealed_target
            FROM deliveries
            JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
            WHERE deliveries.subscription_id = $1
              AND deliveries.state = 'waiting' AND deliveries.due_at <= now()
              AND (deliveries.is_test OR (subscriptions.state = 'active'
                                          AND subscriptions.resume_at <= now()))
            ORDER BY deliveries.is_test DESC, deliveries.due_at, deliveries.sequence LIMIT 1
            FOR UPDATE OF deliveries SKIP LOCKED
        )
        UPDATE deliveries SET tries = tries + 1, due_at = now() + $2
        FROM due WHERE deliveries.id = due.id
        RETURNING deliveries.id, deliveries.subscription_id, deliveries.tries,
                  deliveries.created_at, deliveries.content, due.failures, due.form, due.address,
                  due.sealed_by, due.sealed_target";
    /// What came of the try, if it is still that one: state and, where it is tried again, when.
    END = "UPDATE deliveries SET state = $3, status = $4, problem = $5,
            due_at = CASE WHEN $3 = 'waiting' THEN now() + $6 ELSE due_at END,
            ended_at = CASE WHEN $3 = 'waiting' THEN NULL ELSE now() END
        WHERE id = $1 AND tries = $2 AND state = 'waiting'";
    WORKS = "UPDATE subscriptions SET failures = 0, resume_at = '-infinity'
        WHERE id = $1 AND failures > 0";
    FAILS = "UPDATE subscriptions SET failures = failures + 1, resume_at = now() + $2
        WHERE id = $1";
    GONE = "UPDATE subscriptions SET state = 'gone' WHERE id = $1 AND state = 'active'";
    PRUNE = "DELETE FROM deliveries WHERE id IN (
            SELECT id FROM deliveries WHERE ended_at < now() - $1::interval ORDER BY ended_at LIMIT $2)";
    DEPTH = "SELECT
            (SELECT count(*) FROM (
                SELECT FROM deliveries WHERE state = 'waiting' LIMIT $1) AS counted),
            (SELECT count(*) FROM (
                SELECT FROM deliveries WHERE state = 'dead' LIMIT $1) AS counted)";
}

#[derive(FromRow)]
struct ClaimedRow {
    id: String,
    subscription_id: Uuid,
    tries: i64,
    created_at: DateTime<Utc>,
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
            subscription: SubscriptionId(self.subscription_id),
            tries: read_count(self.tries),
            failures: read_count(self.failures),
            created_at: self.created_at,
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
impl Deliveries for PostgresStore {
    async fn make_deliveries(&self) -> Result<bool> {
        self.session
            .transaction(move |c, _| Box::pin(async move { notices::make(c).await }))
            .await
    }

    async fn due_subscriptions(
        &self,
        busy: &[SubscriptionId],
        limit: u32,
    ) -> Result<Vec<DueSubscription>> {
        let busy: &Vec<Uuid> = &busy.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, bool)> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(DUE)
                        .bind(busy)
                        .bind(i64::from(limit))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        let due = |(id, failing)| DueSubscription {
            id: SubscriptionId(id),
            failing,
        };
        Ok(rows.into_iter().map(due).collect())
    }

    async fn claim_delivery(
        &self,
        subscription: SubscriptionId,
        lease: Duration,
    ) -> Result<Option<ClaimedDelivery>> {
        let row: Option<ClaimedRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(CLAIM)
                        .bind(subscription.0)
                        .bind(interval(lease))
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(ClaimedRow::read).transpose()
    }

    async fn end_attempt(&self, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<()> {
        self.session
            .transaction(move |c, _| Box::pin(async move { end(c, claimed, attempt).await }))
            .await
    }

    async fn prune_deliveries(&self, older_than: Duration, limit: u32) -> Result<u64> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let pruned = sqlx::query(PRUNE)
                        .bind(interval(older_than))
                        .bind(i64::from(limit))
                        .execute(c)
                        .await?;
                    Ok(pruned.rows_affected())
                })
            })
            .await
    }

    async fn delivery_depth(&self) -> Result<DeliveryDepth> {
        let (waiting, dead): (i64, i64) = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(DEPTH)
                        .bind(COUNTED_DELIVERIES)
                        .fetch_one(c)
                        .await?)
                })
            })
            .await?;
        Ok(DeliveryDepth {
            waiting: read_size(waiting),
            dead: read_size(dead),
        })
    }
}

async fn end(c: &mut PgConnection, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<()> {
    let (state, wait) = match attempt.outcome {
        AttemptOutcome::Delivered => ("delivered", Duration::ZERO),
        AttemptOutcome::Retry(wait) => ("waiting", wait),
        AttemptOutcome::GiveUp(wait) => ("dead", wait),
        AttemptOutcome::Gone => ("dead", Duration::ZERO),
    };
    let ended = sqlx::query(END)
        .bind(&claimed.id.0)
        .bind(i64::from(claimed.tries))
        .bind(state)
        .bind(attempt.status.map(i64::from))
        .bind(attempt.problem.as_deref().map(text))
        .bind(interval(wait))
        .execute(&mut *c)
        .await?;
    if ended.rows_affected() > 0 {
        judge_receiver(c, claimed, attempt.outcome).await?;
    }
    Ok(())
}

/// What the try says about the receiver. Trying the way out says nothing against it.
async fn judge_receiver(
    c: &mut PgConnection,
    claimed: &ClaimedDelivery,
    outcome: AttemptOutcome,
) -> Result<()> {
    let query = match outcome {
        AttemptOutcome::Delivered => sqlx::query(WORKS).bind(claimed.subscription.0),
        _ if claimed.notification == Notification::Test => return Ok(()),
        AttemptOutcome::Gone => sqlx::query(GONE).bind(claimed.subscription.0),
        AttemptOutcome::Retry(wait) | AttemptOutcome::GiveUp(wait) => sqlx::query(FAILS)
            .bind(claimed.subscription.0)
            .bind(interval(wait)),
    };
    query.execute(c).await?;
    Ok(())
}
