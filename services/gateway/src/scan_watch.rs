//! Follows a scan as it changes.

use std::time::Duration;

use scanyard_store::{Scan, ScanId, ScanProgress, ScanState, StoreError, TenantId};

use crate::state::Gateway;

/// Looks at a scan again and again: often at first, when it may end at once, then more rarely.
pub struct ScanWatch {
    gateway: Gateway,
    tenant: TenantId,
    id: ScanId,
    seen: Option<(ScanState, ScanProgress)>,
    pause: Duration,
}

impl ScanWatch {
    /// Follows a scan from its state now on, which is the first change.
    pub fn new(gateway: Gateway, tenant: TenantId, id: ScanId) -> Self {
        let pause = gateway.settings().first_poll;
        Self {
            gateway,
            tenant,
            id,
            seen: None,
            pause,
        }
    }

    /// The scan's id.
    pub fn id(&self) -> ScanId {
        self.id
    }

    /// The scan, once it is not as it was seen last; `None` when the service stops or the scan is
    /// gone.
    pub async fn next_change(&mut self) -> Result<Option<Scan>, StoreError> {
        loop {
            if self.seen.is_some() {
                let stopped = self.gateway.shutdown().cancelled();
                if tokio::time::timeout(self.pause, stopped).await.is_ok() {
                    return Ok(None);
                }
            }
            let Some(scan) = self.gateway.store().scan(self.tenant, self.id).await? else {
                return Ok(None);
            };
            let state = (scan.state, scan.progress);
            let settings = self.gateway.settings();
            if self.seen != Some(state) {
                self.seen = Some(state);
                self.pause = settings.first_poll;
                return Ok(Some(scan));
            }
            self.pause = (self.pause * 2).min(settings.slowest_poll);
        }
    }

    /// The scan when it has ended; `None` when the service stops first.
    pub async fn end(mut self) -> Result<Option<Scan>, StoreError> {
        loop {
            match self.next_change().await? {
                Some(scan) if !scan.state.is_final() => {}
                ended => return Ok(ended),
            }
        }
    }
}
