//! Subscriptions.

use async_trait::async_trait;
use scanyard_package::Severity;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::columns::{now, read_count, read_time, read_uuid, read_word};
use super::{SqliteStore, delivery_rows};
use crate::error::Result;
use crate::notice_making::{
    COUNTED_DELIVERIES, FilterColumns, MAX_SUBSCRIPTIONS, test_delivery_id, write_kinds,
};
use crate::stored_notification::encode_notification;
use crate::{
    Delivery, DeliveryId, DeliveryState, NewSubscription, Notification, Page, PageRequest,
    Subscription, SubscriptionChange, SubscriptionId, Subscriptions, Target, TenantId,
};

/// A select of subscriptions with this rest of a statement; ?1 is how far messages are counted.
macro_rules! select_subscriptions {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, form, state, address, sealed_by, sealed_target, kinds, min_severity,
                    only_fixable, only_known_exploited, repository, failures, created_at,
                    (SELECT count(*) FROM (
                        SELECT 1 FROM deliveries WHERE subscription_id = subscriptions.id
                          AND deliveries.state = 'waiting' LIMIT ?1)) AS waiting,
                    (SELECT count(*) FROM (
                        SELECT 1 FROM deliveries WHERE subscription_id = subscriptions.id
                          AND deliveries.state = 'dead' LIMIT ?1)) AS dead
             FROM subscriptions ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct SubscriptionRow {
    id: Vec<u8>,
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
    created_at: i64,
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
            id: SubscriptionId(read_uuid(&self.id)?),
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
            created_at: read_time(self.created_at)?,
        })
    }
}

#[async_trait]
impl Subscriptions for SqliteStore {
    async fn create_subscription(&self, subscription: &NewSubscription) -> Result<bool> {
        let subscription = subscription.clone();
        self.write(|c| Box::pin(async move { create(c, &subscription).await }))
            .await
    }

    async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<Subscription>> {
        let rows: Vec<SubscriptionRow> = sqlx::query_as(select_subscriptions!(
            "WHERE tenant_id = ?2 ORDER BY created_at, id"
        ))
        .bind(COUNTED_DELIVERIES)
        .bind(tenant.0)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(SubscriptionRow::read).collect()
    }

    async fn subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>> {
        let row: Option<SubscriptionRow> =
            sqlx::query_as(select_subscriptions!("WHERE tenant_id = ?2 AND id = ?3"))
                .bind(COUNTED_DELIVERIES)
                .bind(tenant.0)
                .bind(id.0)
                .fetch_optional(self.readers())
                .await?;
        row.map(SubscriptionRow::read).transpose()
    }

    async fn change_subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        change: &SubscriptionChange,
    ) -> Result<bool> {
        let change = change.clone();
        self.write(move |c| Box::pin(async move { change_one(c, tenant, id, &change).await }))
            .await
    }

    async fn delete_subscription(&self, tenant: TenantId, id: SubscriptionId) -> Result<bool> {
        self.write(move |c| {
            Box::pin(async move {
                let deleted =
                    sqlx::query("DELETE FROM subscriptions WHERE tenant_id = ?1 AND id = ?2")
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
        let name = delivery.0.clone();
        let content = encode_notification(&Notification::Test)?;
        let added = self.write(move |c| {
            Box::pin(async move {
                let added = sqlx::query(
                    "INSERT INTO deliveries
                         (id, subscription_id, content, is_test, state, due_at, created_at)
                     SELECT ?3, id, ?4, true, 'waiting', ?5, ?5 FROM subscriptions
                     WHERE tenant_id = ?1 AND id = ?2",
                )
                .bind(tenant.0)
                .bind(id.0)
                .bind(name)
                .bind(content)
                .bind(now())
                .execute(c)
                .await?;
                Result::Ok(added.rows_affected() > 0)
            })
        });
        Ok(added.await?.then_some(delivery))
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
        let mut reader = self.readers().acquire().await?;
        delivery_rows::list(&mut reader, id, state, page)
            .await
            .map(Some)
    }

    async fn delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<Option<Delivery>> {
        let mut reader = self.readers().acquire().await?;
        delivery_rows::one(&mut reader, tenant, id).await
    }

    async fn redrive_delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<bool> {
        let id = id.clone();
        self.write(move |c| Box::pin(async move { delivery_rows::redrive(c, tenant, &id).await }))
            .await
    }
}

async fn create(c: &mut SqliteConnection, new: &NewSubscription) -> Result<bool> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM subscriptions WHERE tenant_id = ?1")
        .bind(new.tenant.0)
        .fetch_one(&mut *c)
        .await?;
    if count >= MAX_SUBSCRIPTIONS {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO subscriptions
             (id, tenant_id, name, form, state, address, sealed_by, sealed_target, kinds,
              min_severity, only_fixable, only_known_exploited, repository, next_revision,
              created_at)
         SELECT ?1, ?2, ?3, ?4, 'active', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, revision + 1, ?13
         FROM fleet",
    )
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
    .bind(now())
    .execute(c)
    .await?;
    Ok(true)
}

async fn change_one(
    c: &mut SqliteConnection,
    tenant: TenantId,
    id: SubscriptionId,
    change: &SubscriptionChange,
) -> Result<bool> {
    let changed = sqlx::query(
        "UPDATE subscriptions SET name = coalesce(?3, name), state = coalesce(?4, state),
             failures = 0, resume_at = 0
         WHERE tenant_id = ?1 AND id = ?2",
    )
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
        sqlx::query(
            "UPDATE subscriptions SET address = ?2, sealed_by = ?3, sealed_target = ?4
             WHERE id = ?1",
        )
        .bind(id.0)
        .bind(&target.address)
        .bind(&target.sealed_by)
        .bind(&target.sealed)
        .execute(&mut *c)
        .await?;
    }
    if let Some(filter) = &change.filter {
        sqlx::query(
            "UPDATE subscriptions SET kinds = ?2, min_severity = ?3, only_fixable = ?4,
                 only_known_exploited = ?5, repository = ?6
             WHERE id = ?1",
        )
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
