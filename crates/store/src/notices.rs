//! Hints of scans that ended, for those in this process who wait for it.
//!
//! A hint makes them look sooner; that nothing is missed never rests on one. So nobody who ends scans
//! waits for it to be told, and it may be lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::ScanId;

/// Who waits for which scan. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notices(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    scans: Mutex<HashMap<ScanId, watch::Sender<()>>>,
    feeding: Notify,
}

impl Inner {
    fn scans(&self) -> MutexGuard<'_, HashMap<ScanId, watch::Sender<()>>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notices {
    /// Hears of this scan from now on.
    pub(crate) fn of_scan(&self, id: ScanId) -> ScanNotice {
        let mut scans = self.0.scans();
        let sender = scans.entry(id).or_insert_with(|| watch::Sender::new(()));
        ScanNotice {
            id,
            heard: sender.subscribe(),
            notices: self.clone(),
        }
    }

    /// These scans have ended. None of them still means that bulks may be fed.
    pub(crate) fn tell(&self, ended: &[ScanId]) {
        let scans = self.0.scans();
        for id in ended {
            if let Some(waiting) = scans.get(id) {
                waiting.send_replace(());
            }
        }
        drop(scans);
        self.0.feeding.notify_one();
    }

    /// Anything may have happened while nobody listened.
    pub(crate) fn tell_all(&self) {
        for waiting in self.0.scans().values() {
            waiting.send_replace(());
        }
        self.0.feeding.notify_one();
    }

    /// Returns when feeding may be worth it.
    pub(crate) async fn feeding(&self) {
        self.0.feeding.notified().await;
    }
}

/// Hears that a scan may have ended.
#[derive(Debug)]
pub struct ScanNotice {
    id: ScanId,
    heard: watch::Receiver<()>,
    notices: Notices,
}

impl ScanNotice {
    /// Returns once for what was heard since the last call, or since this was made. Where nothing is
    /// heard it does not return.
    pub async fn heard(&mut self) {
        if self.heard.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for ScanNotice {
    fn drop(&mut self) {
        let mut scans = self.notices.0.scans();
        // Ours is the last.
        if scans
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            scans.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    fn scan(number: u128) -> ScanId {
        ScanId(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn everybody_who_waits_for_a_scan_hears_of_it_once() {
        let notices = Notices::default();
        let (mut one, mut other) = (notices.of_scan(scan(1)), notices.of_scan(scan(1)));
        let mut unrelated = notices.of_scan(scan(2));
        notices.tell(&[scan(1), scan(3)]);
        one.heard().await;
        other.heard().await;
        assert!(one.heard().now_or_never().is_none());
        assert!(unrelated.heard().now_or_never().is_none());
        notices.tell_all();
        unrelated.heard().await;
    }

    #[tokio::test]
    async fn nothing_is_kept_of_those_who_went_away() {
        let notices = Notices::default();
        let (one, mut other) = (notices.of_scan(scan(1)), notices.of_scan(scan(1)));
        drop(one);
        notices.tell(&[scan(1)]);
        other.heard().await;
        drop(other);
        assert!(notices.0.scans().is_empty());
    }

    #[tokio::test]
    async fn feeding_is_woken_by_what_was_told_before() {
        let notices = Notices::default();
        assert!(notices.feeding().now_or_never().is_none());
        notices.tell(&[]);
        notices.feeding().await;
    }
}
