//! The conformance suite on real Postgres, and what only a shared database can show.
#![allow(clippy::unwrap_used)]

mod contention;
mod database;
mod garbage;
mod outage;
mod work;

use std::sync::Arc;

use scanyard_store::{Store, StoreSettings, store_conformance};

async fn open(settings: StoreSettings) -> Option<(Arc<dyn Store>, ())> {
    let url = database::new_database().await?;
    Some((Arc::new(database::open(&url, settings).await), ()))
}

store_conformance!(open);
