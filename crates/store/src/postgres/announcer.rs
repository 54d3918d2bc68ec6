//! Tells the other processes of scans that ended.
//!
//! After the commit, in groups and without waiting for the disk: a transaction that notifies holds a
//! lock of the whole database until its commit is on disk, which those that end scans shall not.

use tokio::sync::mpsc;
use uuid::Uuid;

use super::session::Session;
use super::statements::statements;
use crate::ScanId;
use crate::notices::Notices;

/// Announcements that wait at most; hints beyond that are dropped.
const MAX_WAITING: usize = 1024;
/// Scans of one notification, which holds less than 8,000 bytes.
const MAX_SCANS: usize = 200;
/// Between ids.
const SEPARATOR: char = ',';

statements! {
    TELL = "SELECT set_config('synchronous_commit', 'off', true),
                   count(pg_notify('scanyard_scans', payload))
            FROM unnest($1::text[]) AS payload";
}

/// Hands scans to the task that tells of them. The task ends with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Announcer {
    ended: mpsc::Sender<Vec<ScanId>>,
}

impl Announcer {
    pub(super) fn start(session: Session) -> Self {
        let (ended, mut waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            let mut groups: Vec<Vec<ScanId>> = Vec::new();
            while waiting.recv_many(&mut groups, MAX_WAITING).await > 0 {
                let scans: Vec<ScanId> = groups.drain(..).flatten().collect();
                // Whoever waits looks by itself after a while.
                let _ = tell(&session, &write(&scans)).await;
            }
        });
        Self { ended }
    }

    /// Tells of scans that ended, some time later; of none, that bulks may be fed.
    pub(super) fn tell(&self, ended: Vec<ScanId>) {
        // Where too many wait, a hint more helps nobody.
        let _ = self.ended.try_send(ended);
    }
}

async fn tell(session: &Session, payloads: &[String]) -> crate::error::Result<()> {
    session
        .run(move |c, _| {
            Box::pin(async move {
                sqlx::query(TELL).bind(payloads).execute(c).await?;
                Ok(())
            })
        })
        .await
}

/// One payload at least: without ids it says that bulks may be fed.
fn write(scans: &[ScanId]) -> Vec<String> {
    if scans.is_empty() {
        return vec![String::new()];
    }
    let payload = |scans: &[ScanId]| {
        let ids = scans.iter().map(|scan| scan.0.simple().to_string());
        ids.collect::<Vec<_>>().join(&SEPARATOR.to_string())
    };
    scans.chunks(MAX_SCANS).map(payload).collect()
}

/// Passes a payload on; words that are no id are passed over.
pub(super) fn hear(payload: &str, notices: &Notices) {
    let ids = payload.split(SEPARATOR).filter_map(|id| id.parse().ok());
    let scans: Vec<ScanId> = ids.map(|id: Uuid| ScanId(id)).collect();
    notices.tell(&scans);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_heard() {
        let scans: Vec<_> = (0..450)
            .map(|number| ScanId(Uuid::from_u128(number)))
            .collect();
        let notices = Notices::default();
        let mut waiting: Vec<_> = scans.iter().map(|scan| notices.of_scan(*scan)).collect();
        let payloads = write(&scans);
        assert_eq!(payloads.len(), 3);
        for payload in payloads {
            assert!(payload.len() < 8000);
            hear(&payload, &notices);
        }
        for notice in &mut waiting {
            notice.heard().await;
        }
        hear("no id,,\u{1f980}", &notices);
        assert_eq!(write(&[]), [""]);
    }
}
