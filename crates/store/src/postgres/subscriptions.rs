//! Subscriptions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Severity;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::columns::{read_count, read_word};
use super::statements::statements;
use super::{PostgresStore, delivery_rows};
use crate::error::Result;
use crate::notice_making::{
    COUNTED_DELIVERIES, FilterColumns, MAX_SUBSCRIPTIONS, test_delivery_id, write_kinds,
};
use crate::stored_notification::encode_notification;
use crate::{
    Delivery, DeliveryId, DeliveryState, NewSubscription, Notification, Page, PageRequest,
    Subscription, SubscriptionChange, SubscriptionId, Subscriptions, Target, TenantId,
};

/// A select of subscriptions with this rest of a statement; $1 is how far messages are counted.
macro_rules! select_subscriptions {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, form, state, address, sealed_by, sealed_target, kinds, min_severity,
                    only_fixable, only_known_exploited, repository, failures, created_at,
                    (SELECT count(*) FROM (
                        SELECT FROM deliveries WHERE subscription_id = subscriptions.id
                          AND deliveries.state = 'waiting' LIMIT $1) AS counted) AS waiting,
                    (SELECT count(*) FROM (
                        SELECT FROM deliveries WHERE subscription_id = subscriptions.id
                          AND deliveries.state = 'dead' LIMIT $1) AS counted) AS dead
             FROM subscriptions ",
            $rest
        )
    };
}

statements! {
    /// One of a tenant's at a time, so that none is over the limit.
    LOCK_TENANT = "SELECT pg_advisory_xact_lock(hashtextextended('subscriptions ' || $1::text, 0))";
    COUNT = "SELECT count(*) FROM subscriptions WHERE tenant_id = $1";
    CREATE = "INSERT INTO subscriptions
            (id, tenant_id, name, form, state, address, sealed_by, sealed_target, kinds,
             min_severity, only_fixable, only_known_exploited, repository, next_revision,
             created_at)
        SELECT $1, $2, $3, $4, 'active', $5, $6, $7, $8, $9, $10, $11, $12, revision + 1, now()
        FROM fleet";
    LIST = select_subscriptions!("WHERE tenant_id = $2 ORDER BY created_at, id");
    ONE = select_subscriptions!("WHERE tenant_id = $2 AND id = $3");
    RENAME = "UPDATE subscriptions SET name = coalesce($3, name), state = coalesce($4, state),
            failures = 0, resume_at = '-infinity'
        WHERE tenant_id = $1 AND id = $2";
    AIM = "UPDATE subscriptions SET address = $3, sealed_by = $4, sealed_target = $5
        WHERE tenant_id = $1 AND id = $2";
    FILTER = "UPDATE subscriptions SET kinds = $3, min_severity = $4, only_fixable = $5,
            only_known_exploited = $6, repository = $7
        WHERE tenant_id = $1 AND id = $2";
    DELETE = "DELETE FROM subscriptions WHERE tenant_id = $1 AND id = $2";
    ADD_TEST = "INSERT INTO deliveries
            (id, subscription_id, content, is_test, state, due_at, created_at)
        SELECT $3, id, $4, true, 'waiting', now(), now() FROM subscriptions
        WHERE tenant_id = $1 AND id = $2";
}

#[derive(FromRow)]
struct SubscriptionRow {
    id: Uuid,
    name: String,
    form: String,
    state: String,
    address: String,
    sealed_by: String,
    sealed_target: Vec<u8>,
    kinds: String,
    min_severity: Option<String>,
    only_fixable: bool,
    only_known_exploited: bool,
    repository: Option<String>,
    failures: i64,
    created_at: DateTime<Utc>,
    waiting: i64,
    dead: i64,
}

impl SubscriptionRow {
    fn read(self) -> Result<Subscription> {
        let filter = FilterColumns {
            kinds: self.kinds,
            min_severity: self.min_severity,
            only_fixable: self.only_fixable,
            only_known_exploited: self.only_known_exploited,
            repository: self.repository,
        };
        Ok(Subscription {
            id: SubscriptionId(self.id),
            name: self.name,
            form: read_word(&self.form, str::parse)?,
            state: read_word(&self.state, str::parse)?,
            target: Target {
                address: self.address,
                sealed_by: self.sealed_by,
                sealed: self.sealed_target,
            },
            filter: filter.read()?,
            waiting: read_count(self.waiting),
            dead: read_count(self.dead),
            failures: read_count(self.failures),
            created_at: self.created_at,
        })
    }
}

#[async_trait]
impl Subscriptions for PostgresStore {
    async fn create_subscription(&self, subscription: &NewSubscription) -> Result<bool> {
        self.session
            .transaction(move |c, _| Box::pin(async move { create(c, subscription).await }))
            .await
    }

    async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<Subscription>> {
        let rows: Vec<SubscriptionRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(LIST)
                        .bind(COUNTED_DELIVERIES)
                        .bind(tenant.0)
                        .fetch_all(c)
                        .await?)
                })
            })
            .await?;
        rows.into_iter().map(SubscriptionRow::read).collect()
    }

    async fn subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>> {
        let row: Option<SubscriptionRow> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_as(ONE)
                        .bind(COUNTED_DELIVERIES)
                        .bind(tenant.0)
                        .bind(id.0)
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        row.map(SubscriptionRow::read).transpose()
    }

    async fn change_subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        change: &SubscriptionChange,
    ) -> Result<bool> {
        self.session
            .transaction(move |c, _| {
                Box::pin(async move { change_one(c, tenant, id, change).await })
            })
            .await
    }

    async fn delete_subscription(&self, tenant: TenantId, id: SubscriptionId) -> Result<bool> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    let deleted = sqlx::query(DELETE)
                        .bind(tenant.0)
                        .bind(id.0)
                        .execute(c)
                        .await?;
                    Ok(deleted.rows_affected() > 0)
                })
            })
            .await
    }

    async fn add_test_delivery(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
    ) -> Result<Option<DeliveryId>> {
        let delivery = test_delivery_id(id);
        let name = delivery.0.as_str();
        let content = &encode_notification(&Notification::Test)?;
        let added = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    let added = sqlx::query(ADD_TEST)
                        .bind(tenant.0)
                        .bind(id.0)
                        .bind(name)
                        .bind(content)
                        .execute(c)
                        .await?;
                    Ok(added.rows_affected() > 0)
                })
            })
            .await?;
        Ok(added.then_some(delivery))
    }

    async fn deliveries(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        state: Option<DeliveryState>,
        page: &PageRequest,
    ) -> Result<Option<Page<Delivery>>> {
        if self.subscription(tenant, id).await?.is_none() {
            return Ok(None);
        }
        self.session
            .run(move |c, _| Box::pin(async move { delivery_rows::list(c, id, state, page).await }))
            .await
            .map(Some)
    }

    async fn delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<Option<Delivery>> {
        self.session
            .run(move |c, _| Box::pin(async move { delivery_rows::one(c, tenant, id).await }))
            .await
    }

    async fn redrive_delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<bool> {
        self.session
            .run(move |c, _| Box::pin(async move { delivery_rows::redrive(c, tenant, id).await }))
            .await
    }
}

async fn create(c: &mut PgConnection, new: &NewSubscription) -> Result<bool> {
    sqlx::query(LOCK_TENANT)
        .bind(new.tenant.0.to_string())
        .execute(&mut *c)
        .await?;
    let count: i64 = sqlx::query_scalar(COUNT)
        .bind(new.tenant.0)
        .fetch_one(&mut *c)
        .await?;
    if count >= MAX_SUBSCRIPTIONS {
        return Ok(false);
    }
    sqlx::query(CREATE)
        .bind(new.id.0)
        .bind(new.tenant.0)
        .bind(&new.name)
        .bind(new.form.name())
        .bind(&new.target.address)
        .bind(&new.target.sealed_by)
        .bind(&new.target.sealed)
        .bind(write_kinds(&new.filter))
        .bind(new.filter.min_severity.map(Severity::name))
        .bind(new.filter.only_fixable)
        .bind(new.filter.only_known_exploited)
        .bind(&new.filter.repository)
        .execute(c)
        .await?;
    Ok(true)
}

async fn change_one(
    c: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
    change: &SubscriptionChange,
) -> Result<bool> {
    let changed = sqlx::query(RENAME)
        .bind(tenant.0)
        .bind(id.0)
        .bind(&change.name)
        .bind(change.state.map(|state| state.name()))
        .execute(&mut *c)
        .await?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(target) = &change.target {
        sqlx::query(AIM)
            .bind(tenant.0)
            .bind(id.0)
            .bind(&target.address)
            .bind(&target.sealed_by)
            .bind(&target.sealed)
            .execute(&mut *c)
            .await?;
    }
    if let Some(filter) = &change.filter {
        sqlx::query(FILTER)
            .bind(tenant.0)
            .bind(id.0)
            .bind(write_kinds(filter))
            .bind(filter.min_severity.map(Severity::name))
            .bind(filter.only_fixable)
            .bind(filter.only_known_exploited)
            .bind(&filter.repository)
            .execute(c)
            .await?;
    }
    Ok(true)
}
