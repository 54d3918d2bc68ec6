//! Layers: who works on them, and their inventories.

use std::time::Duration;

use async_trait::async_trait;
use scanyard_package::Digest;

use crate::error::Result;

/// The right to catalog a layer, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The layer's blob digest.
    pub layer: Digest,
    /// The cataloger set.
    pub cataloger_set: String,
    /// Counts the claims of this layer: a late worker's number no longer fits.
    pub attempt: i64,
}

/// What became of an attempt to claim a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is ours until the lease expires. `size` is the compressed size that a manifest names.
    Acquired(Lease),
    /// Somebody else works on it; worth asking again after this long.
    Held(Duration),
    /// It has an inventory.
    Done,
    /// No scan that has not ended waits for it; there is nothing to do.
    Unwanted,
}

/// A layer as it was cataloged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLayer {
    /// The layer's blob digest.
    pub digest: Digest,
    /// The diff ID that we computed.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub compressed_bytes: u64,
    /// Bytes of the tar.
    pub decompressed_bytes: u64,
    /// The encoded inventory.
    pub inventory: Vec<u8>,
}

/// Layers and their inventories, shared by every tenant.
#[async_trait]
pub trait LayerInventories: Send + Sync + 'static {
    /// Asks for the right to catalog a layer.
    async fn claim_layer(
        &self,
        layer: Digest,
        cataloger_set: &str,
        lease: Duration,
    ) -> Result<Claim>;

    /// Extends a lease and records progress; false when it belongs to somebody else now, or when no
    /// scan wants the layer any more: stop working.
    async fn renew_lease(&self, lease: &Lease, duration: Duration, bytes_done: u64)
    -> Result<bool>;

    /// Gives a lease back, so that the next worker need not wait for it to expire.
    async fn release_lease(&self, lease: &Lease) -> Result<()>;

    /// Commits an inventory; false when the lease belongs to somebody else now, whose result will
    /// be the same. From then on the layer is done.
    async fn commit_layer(&self, lease: &Lease, layer: &StoredLayer) -> Result<bool>;

    /// Marks a layer as failed, so that the next scan that wants it tries again.
    async fn fail_layer(&self, layer: Digest, cataloger_set: &str) -> Result<()>;

    /// Inventories of an image's layers, bottom first; `None` when the image is unknown or a layer
    /// has none.
    async fn image_inventories(
        &self,
        image: Digest,
        cataloger_set: &str,
    ) -> Result<Option<Vec<StoredLayer>>>;

    /// Images that hold this layer, that a scan which has not ended waits for, and all of whose
    /// layers have inventories. One that is assembled already is among them while a scan waits:
    /// whoever assembled it may have died before it was matched and its scans ended.
    async fn images_ready(&self, layer: Digest, cataloger_set: &str) -> Result<Vec<Digest>>;

    /// Which of these layers the tenant has reached with its own credentials before.
    async fn layers_reached(
        &self,
        tenant: super::TenantId,
        layers: &[Digest],
    ) -> Result<Vec<Digest>>;

    /// Puts layers whose lease expired, and layer and image jobs that were lost, back into the
    /// outbox; how many. Idempotent: the scheduler calls it regularly.
    async fn reap_leases(&self) -> Result<u64>;
}
