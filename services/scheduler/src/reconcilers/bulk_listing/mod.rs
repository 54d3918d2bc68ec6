//! Lists registries for bulks that name a pattern instead of references.

mod piece;
mod tag_order;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_access::{AccessError, RegistryAccess, Wanted};
use scanyard_store::{Listed, ListingStep, Rejections, ScanFailure, Store};

use crate::{Reconciler, Round};
use piece::list_piece;

/// How long a piece of a listing is one scheduler's. Longer than any takes; were it not, the same
/// references would be found twice, and kept once.
const HOLD: Duration = Duration::from_secs(900);

/// Lists piece by piece, the bulk that waits the longest first. The cursor of each piece is stored
/// with what it found.
pub struct BulkListing {
    pub store: Arc<dyn Store>,
    pub registries: RegistryAccess,
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
        let host = &listing.selection.registry;
        let options = self
            .registries
            .options(listing.tenant, host, Wanted::Catalog);
        let listed = match options.await {
            Ok(options) => list_piece(&listing, &options).await,
            Err(AccessError::Store(error)) => return Err(error.into()),
            Err(error) => refused(&error),
        };
        self.store.save_listed(listing.bulk, &listed).await?;
        Ok(Round::MoreToDo)
    }
}

/// The registry may not be asked: nothing is listed.
fn refused(error: &AccessError) -> Listed {
    Listed {
        references: Vec::new(),
        rejections: Rejections::default(),
        next: ListingStep::Fail(ScanFailure {
            code: error.code().to_owned(),
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            retryable: false,
        }),
    }
}
