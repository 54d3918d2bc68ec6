//! The handle to the revision in use.

use std::sync::Arc;

use scanyard_advisory::Database;
use scanyard_store::Revision;
use tokio::sync::watch;

/// A revision of the advisories that was put to use.
#[derive(Debug, Clone)]
pub struct ActiveAdvisories {
    /// Its content.
    pub database: Database,
    /// Its place in the order of use.
    pub revision: Revision,
}

/// The advisories in use. Clones share them. Work takes what is current once and keeps it to its
/// end, so that what one job says comes from one revision.
#[derive(Debug, Clone)]
pub struct Advisories(Arc<watch::Sender<Option<Arc<ActiveAdvisories>>>>);

impl Default for Advisories {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Advisories {
    /// What is in use now; `None` before the first revision.
    pub fn current(&self) -> Option<Arc<ActiveAdvisories>> {
        self.0.borrow().clone()
    }

    /// Puts a revision to use, unless a later one is.
    pub fn activate(&self, next: ActiveAdvisories) {
        self.0.send_if_modified(|current| {
            let sequence = |active: &Arc<ActiveAdvisories>| active.revision.sequence;
            let is_later = current.as_ref().map(sequence) < Some(next.revision.sequence);
            if is_later {
                *current = Some(Arc::new(next));
            }
            is_later
        });
    }

    /// Tells when another revision is put to use.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<ActiveAdvisories>>> {
        self.0.subscribe()
    }
}
