//! Follows something as it changes.

use std::future::Future;
use std::time::Duration;

use scanyard_store::{
    Bulk, BulkCounts, BulkId, BulkState, RescanRecord, RescanState, Scan, ScanId, ScanNotice,
    ScanProgress, ScanState, StoreError, TenantId,
};

use crate::state::Gateway;

/// What can be followed.
pub trait Followed: Sized + Send + 'static {
    /// Names one.
    type Id: Copy + Send + Sync + 'static;
    /// What of it makes a change worth telling.
    type Seen: PartialEq + Send + 'static;

    /// A tenant's, as it is now.
    fn read(
        gateway: &Gateway,
        tenant: TenantId,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// What of it is seen.
    fn seen(&self) -> Self::Seen;

    /// Whether nothing will change any more.
    fn is_final(&self) -> bool;

    /// What hears of its end, where something does.
    fn notice(gateway: &Gateway, id: Self::Id) -> Option<ScanNotice>;
}

impl Followed for Scan {
    type Id = ScanId;
    type Seen = (ScanState, ScanProgress);

    async fn read(
        gateway: &Gateway,
        tenant: TenantId,
        id: ScanId,
    ) -> Result<Option<Self>, StoreError> {
        gateway.store().scan(tenant, id).await
    }

    fn seen(&self) -> Self::Seen {
        (self.state, self.progress)
    }

    fn is_final(&self) -> bool {
        self.state.is_final()
    }

    fn notice(gateway: &Gateway, id: ScanId) -> Option<ScanNotice> {
        Some(gateway.store().scan_notice(id))
    }
}

impl Followed for Bulk {
    type Id = BulkId;
    type Seen = (BulkState, bool, BulkCounts);

    async fn read(
        gateway: &Gateway,
        tenant: TenantId,
        id: BulkId,
    ) -> Result<Option<Self>, StoreError> {
        gateway.store().bulk(tenant, id).await
    }

    fn seen(&self) -> Self::Seen {
        (self.state, self.is_listed, self.counts)
    }

    fn is_final(&self) -> bool {
        self.state.is_final()
    }

    fn notice(_: &Gateway, _: BulkId) -> Option<ScanNotice> {
        None
    }
}

impl Followed for RescanRecord {
    type Id = i64;
    type Seen = (RescanState, u64, bool);

    async fn read(gateway: &Gateway, _: TenantId, id: i64) -> Result<Option<Self>, StoreError> {
        gateway.store().rescan(id).await
    }

    fn seen(&self) -> Self::Seen {
        (self.state, self.matched, self.full)
    }

    fn is_final(&self) -> bool {
        self.state.is_final()
    }

    fn notice(_: &Gateway, _: i64) -> Option<ScanNotice> {
        None
    }
}

/// Looks at it again and again: at first sooner, then more rarely, and at once when it is heard of.
pub struct Watch<T: Followed> {
    gateway: Gateway,
    tenant: TenantId,
    id: T::Id,
    seen: Option<T::Seen>,
    pause: Duration,
    notice: Option<ScanNotice>,
}

impl<T: Followed> Watch<T> {
    /// Follows it from its state now on, which is the first change.
    pub fn new(gateway: Gateway, tenant: TenantId, id: T::Id) -> Self {
        let pause = gateway.settings().first_poll;
        // Before the first look, so that nothing falls between.
        let notice = T::notice(&gateway, id);
        Self {
            notice,
            gateway,
            tenant,
            id,
            seen: None,
            pause,
        }
    }

    /// As it is, once that is not what was seen last; `None` when the service stops or it is gone.
    pub async fn next_change(&mut self) -> Result<Option<T>, StoreError> {
        loop {
            if self.seen.is_some() && !self.wait().await {
                return Ok(None);
            }
            let Some(now) = T::read(&self.gateway, self.tenant, self.id).await? else {
                return Ok(None);
            };
            let seen = Some(now.seen());
            let settings = self.gateway.settings();
            if self.seen != seen {
                self.seen = seen;
                self.pause = settings.first_poll;
                return Ok(Some(now));
            }
            self.pause = (self.pause * 2).min(settings.slowest_poll);
        }
    }

    /// Waits until another look is worth it; false when the service stops.
    async fn wait(&mut self) -> bool {
        let heard = async {
            match &mut self.notice {
                Some(notice) => notice.heard().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.gateway.shutdown().cancelled() => false,
            () = heard => true,
            () = tokio::time::sleep(self.pause) => true,
        }
    }

    /// As it is when it has ended; `None` when the service stops first.
    pub async fn end(mut self) -> Result<Option<T>, StoreError> {
        loop {
            match self.next_change().await? {
                Some(now) if !now.is_final() => {}
                ended => return Ok(ended),
            }
        }
    }
}
