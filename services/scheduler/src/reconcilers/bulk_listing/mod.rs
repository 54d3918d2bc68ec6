//! Lists registries for bulks that name a pattern instead of references.

mod piece;
mod tag_order;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_oci::RegistryOptions;
use scanyard_store::Store;

use crate::{Reconciler, Round};
use piece::list_piece;

/// How long a piece of a listing is one scheduler's. Longer than any takes; were it not, the same
/// references would be found twice, and kept once.
const HOLD: Duration = Duration::from_secs(900);

/// Lists piece by piece, the bulk that waits the longest first. The cursor of each piece is stored
/// with what it found.
pub struct BulkListing {
    pub store: Arc<dyn Store>,
    pub registry: RegistryOptions,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for BulkListing {
    fn name(&self) -> &'static str {
        "bulk_listing"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let Some(listing) = self.store.take_listing(HOLD).await? else {
            return Ok(Round::Idle);
        };
        let listed = list_piece(&listing, &self.registry).await;
        self.store.save_listed(listing.bulk, &listed).await?;
        Ok(Round::MoreToDo)
    }
}
