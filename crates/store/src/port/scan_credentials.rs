//! Credentials that are good for one scan.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{ScanId, SealedSecret, TenantId};
use crate::error::Result;

/// Credentials that came with the request for a scan, for that scan alone. They may be stored before
/// the scan is; what belongs to no scan goes when it expires.
#[async_trait]
pub trait ScanCredentials: Send + Sync + 'static {
    /// Keeps a sealed secret for a scan until then, in place of one that is kept for it.
    async fn keep_scan_credential(
        &self,
        tenant: TenantId,
        scan: ScanId,
        secret: &SealedSecret,
        expires_at: DateTime<Utc>,
    ) -> Result<()>;

    /// What is kept for a scan and has not expired.
    async fn scan_credential(&self, scan: ScanId) -> Result<Option<SealedSecret>>;

    /// Removes those that have expired, and those of scans that have ended. Says how many.
    async fn sweep_scan_credentials(&self) -> Result<u64>;
}
