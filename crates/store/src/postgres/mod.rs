//! The store in PostgreSQL, 15 and newer.
//!
//! Many processes share it, so what the embedded store gets from its single writer is got here from
//! row locks, always in this order: the scan; content by digest; the tenant's rows; the tag; the
//! layer's cataloging by id; the outbox. A decision that depends on other rows is made in a statement
//! of its own after the lock is held, because a statement that waited for a lock still sees the rest
//! as it was before. (Whether anybody wants a layer is decided without such a lock: see `claim`.)
//! Transactions are short and never wait for anything but the database; one that loses a deadlock
//! begins again. Leases are compared with the database's clock, never a caller's.
//!
//! Statements are constants and set-based: a list travels as arrays, whatever its length. They are
//! not checked at compile time, as `sqlx::query!` would, because that wants one database kind for the
//! whole crate; instead a test has Postgres prepare every one of them against the migrated schema.
//!
//! Connections are made when they are needed. While the database is away every operation says that
//! the store is unavailable, and afterwards it works again.

mod announcer;
mod assemble;
mod bulk;
mod bulk_change;
mod bulk_create;
mod bulk_feed;
mod bulk_listing;
mod bulk_read;
mod changed_images;
mod changes;
mod chosen_images;
mod claim;
mod columns;
mod create;
mod deliveries;
mod delivery_rows;
mod documents;
mod finish;
mod fleet;
mod fleet_summary;
mod garbage;
mod held;
mod held_findings;
mod history;
mod hooks;
mod image_rows;
mod images;
mod keys;
mod layers;
mod leadership;
mod lifecycle;
mod lineage_facts;
mod listener;
mod matches;
mod notices;
mod outbox;
mod outcomes;
mod package_rows;
mod plan_facts;
#[cfg(test)]
mod plans;
mod predictions;
mod progress;
mod question_facts;
mod questions;
mod ranking_facts;
mod reap;
mod record;
mod registries;
mod rescans;
mod revisions;
mod scan_credentials;
mod scans;
mod session;
mod sets_then;
mod settings;
mod statements;
mod subscriptions;
mod summaries;
mod tags;
mod unused;
mod walks;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;

pub use settings::PostgresSettings;

use announcer::Announcer;
use create::Creator;
use listener::Listener;
use session::Session;
use statements::statements;

use crate::error::Result;
use crate::notices::Notices;
use crate::{Store, StoreError, StoreSettings};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations/postgres");

statements! {
    CHECK = "INSERT INTO write_checks (id, checked_at) VALUES (1, now())
             ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at";
}

/// The cluster's adapter of the store port. Clones share its connections.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    session: Session,
    creator: Creator,
    announcer: Announcer,
    settings: StoreSettings,
    outbox_filled: Arc<Notify>,
    notices: Notices,
    _listener: Arc<Listener>,
}

impl PostgresStore {
    /// Opens a database by its URL (`postgres://user:password@host/name?sslmode=verify-full&
    /// sslrootcert=ca.pem`) and brings its schema up to date, one process at a time.
    ///
    /// # Errors
    ///
    /// When the URL is none, the database cannot be reached, or a newer version wrote it.
    pub async fn open(
        url: &str,
        postgres: PostgresSettings,
        settings: StoreSettings,
    ) -> Result<Self> {
        let unavailable = |error: sqlx::Error| StoreError::Unavailable(Box::new(error));
        let options: PgConnectOptions = url.parse().map_err(unavailable)?;
        let session = Session::new(options.clone(), &postgres);
        migrate(&session).await?;
        let outbox_filled = Arc::new(Notify::new());
        let notices = Notices::default();
        let listener = Listener::start(options.clone(), outbox_filled.clone(), notices.clone());
        let creator = Session::new(
            options,
            &PostgresSettings {
                max_connections: 1,
                ..postgres
            },
        );
        Ok(Self {
            announcer: Announcer::start(session.clone()),
            session,
            creator: Creator::start(creator, settings),
            settings,
            _listener: Arc::new(listener),
            outbox_filled,
            notices,
        })
    }
}

/// The migrator takes an advisory lock, so that of several processes one migrates and the others
/// wait. Waiting and building indexes may take longer than a statement is allowed to otherwise.
async fn migrate(session: &Session) -> Result<()> {
    let mut connection = session.pool().acquire().await?.detach();
    sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = 0")
        .execute(&mut connection)
        .await?;
    MIGRATOR
        .run(&mut connection)
        .await
        .map_err(|error| StoreError::Unavailable(Box::new(error)))
}

#[async_trait]
impl Store for PostgresStore {
    async fn check(&self) -> Result<()> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(CHECK).execute(c).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Every statement of the adapter, for the test that has them checked.
#[cfg(test)]
fn modules_with_statements() -> Vec<(&'static str, &'static str)> {
    [
        STATEMENTS,
        announcer::STATEMENTS,
        assemble::STATEMENTS,
        bulk::STATEMENTS,
        bulk_change::STATEMENTS,
        bulk_create::STATEMENTS,
        bulk_feed::STATEMENTS,
        bulk_listing::STATEMENTS,
        bulk_read::STATEMENTS,
        changed_images::STATEMENTS,
        changes::STATEMENTS,
        chosen_images::STATEMENTS,
        claim::STATEMENTS,
        create::STATEMENTS,
        deliveries::STATEMENTS,
        delivery_rows::STATEMENTS,
        documents::STATEMENTS,
        finish::STATEMENTS,
        fleet::STATEMENTS,
        held::STATEMENTS,
        garbage::STATEMENTS,
        history::STATEMENTS,
        fleet_summary::STATEMENTS,
        held_findings::STATEMENTS,
        hooks::STATEMENTS,
        image_rows::STATEMENTS,
        images::STATEMENTS,
        keys::STATEMENTS,
        layers::STATEMENTS,
        lineage_facts::STATEMENTS,
        leadership::STATEMENTS,
        lifecycle::STATEMENTS,
        matches::STATEMENTS,
        notices::STATEMENTS,
        outbox::STATEMENTS,
        outcomes::STATEMENTS,
        plan_facts::STATEMENTS,
        predictions::STATEMENTS,
        progress::STATEMENTS,
        question_facts::STATEMENTS,
        questions::STATEMENTS,
        ranking_facts::STATEMENTS,
        reap::STATEMENTS,
        record::STATEMENTS,
        registries::STATEMENTS,
        rescans::STATEMENTS,
        revisions::STATEMENTS,
        scan_credentials::STATEMENTS,
        scans::STATEMENTS,
        subscriptions::STATEMENTS,
        summaries::STATEMENTS,
        tags::STATEMENTS,
        unused::STATEMENTS,
        walks::STATEMENTS,
    ]
    .concat()
}
