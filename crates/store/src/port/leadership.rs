//! Who leads in a role that one process at a time may have: the scheduler's.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;

/// Elections. A leader holds a lease, a row with the time of its end by the store's clock, which it
/// renews well before that time.
///
/// A session's advisory lock would do without renewing, but it belongs to a connection: one that a
/// pool closes, or a proxy between, hands leadership over without a word to the leader, and one whose
/// machine lost power keeps it until the network gives up.
#[async_trait]
pub trait Leadership: Send + Sync + 'static {
    /// Takes or renews leadership in a role; false when somebody else leads, whoever led before.
    /// `holder` names one process's life. A leader that did not renew in time must count itself
    /// out before the lease ends.
    async fn try_lead(&self, role: &str, holder: Uuid, lease: Duration) -> Result<bool>;

    /// Gives leadership up, so that the next need not wait for the lease to end. Nothing happens
    /// when somebody else leads.
    async fn resign(&self, role: &str, holder: Uuid) -> Result<()>;
}
