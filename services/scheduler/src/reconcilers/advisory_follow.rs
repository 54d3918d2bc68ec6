//! Keeps this process at the advisory revision that is in use.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scanyard_assessment::{ActiveAdvisories, Advisories};
use scanyard_store::Store;

use crate::{AdvisoryCopies, Reconciler, Round};

/// Swaps the database under running work when the store names another revision. For every process
/// of a cluster, of whatever role.
pub struct AdvisoryFollow {
    /// Says which revision is in use.
    pub store: Arc<dyn Store>,
    /// Has it.
    pub copies: Arc<AdvisoryCopies>,
    /// The process's handle.
    pub advisories: Advisories,
    /// How often the store is asked.
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for AdvisoryFollow {
    fn name(&self) -> &'static str {
        "advisory_follow"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn longest_retry(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let Some(wanted) = self.store.current_revision().await? else {
            return Ok(Round::Idle);
        };
        let at_hand = self.advisories.current();
        if at_hand.is_some_and(|active| active.revision.sequence >= wanted.sequence) {
            return Ok(Round::Idle);
        }
        let Some(database) = self.copies.newest().await? else {
            return Ok(Round::Idle);
        };
        // Else a publisher is between its two steps, and the next round finds it past them.
        if database.info().revision == wanted.digest {
            tracing::info!(sequence = wanted.sequence, "advisories are in use");
            self.advisories.activate(ActiveAdvisories {
                database,
                revision: wanted,
            });
        }
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        self.copies.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::advisory_publish::AdvisoryPublish;
    use super::*;
    use scanyard_queue::DirectoryArchive;
    use scanyard_store::SqliteStore;
    use std::path::Path;

    const RECORD: &str = r#"{"id": "TEST-1", "modified": "2024-01-01T00:00:00Z", "affected": [{
        "package": {"ecosystem": "npm", "name": "left-pad"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.0"}]}]}]}"#;

    fn compile(dir: &Path, record: &str) {
        let from = dir.join("records");
        std::fs::create_dir_all(&from).unwrap();
        std::fs::write(from.join("1.json"), record).unwrap();
        scanyard_advisory::build(&from, &dir.join("db")).unwrap();
    }

    struct Cluster {
        store: Arc<dyn Store>,
        archive: Arc<DirectoryArchive>,
        dir: tempfile::TempDir,
    }

    impl Cluster {
        async fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&dir.path().join("store.db")).await;
            Self {
                store: Arc::new(store.unwrap()),
                archive: Arc::new(DirectoryArchive::open(dir.path().join("archive")).unwrap()),
                dir,
            }
        }

        fn copies(&self, name: &str) -> Arc<AdvisoryCopies> {
            let directory = self.dir.path().join(name);
            Arc::new(AdvisoryCopies::new(self.archive.clone(), directory))
        }

        fn publisher(&self, path: &Path) -> AdvisoryPublish {
            AdvisoryPublish {
                store: self.store.clone(),
                copies: self.copies("scheduler"),
                path: path.join("db"),
                interval: Duration::from_secs(5),
                updated: Arc::default(),
                put: Default::default(),
            }
        }

        fn follower(&self) -> AdvisoryFollow {
            AdvisoryFollow {
                store: self.store.clone(),
                copies: self.copies("worker"),
                advisories: Advisories::default(),
                interval: Duration::from_secs(5),
            }
        }
    }

    fn in_use(follower: &AdvisoryFollow) -> Option<scanyard_package::Digest> {
        let active = follower.advisories.current()?;
        Some(active.database.info().revision)
    }

    #[tokio::test]
    async fn a_follower_uses_what_the_leader_published() {
        let cluster = Cluster::new().await;
        let follower = cluster.follower();
        follower.reconcile().await.unwrap();
        assert_eq!(in_use(&follower), None);
        compile(cluster.dir.path(), RECORD);
        let publisher = cluster.publisher(cluster.dir.path());
        publisher.reconcile().await.unwrap();
        follower.reconcile().await.unwrap();
        let current = cluster.store.current_revision().await.unwrap().unwrap();
        assert_eq!(in_use(&follower), Some(current.digest));
    }

    #[tokio::test]
    async fn what_a_dead_leader_left_in_the_archive_is_put_to_use() {
        let cluster = Cluster::new().await;
        compile(cluster.dir.path(), RECORD);
        let file = cluster.dir.path().join("db");
        let put = cluster.copies("dead").put(&file, chrono::Utc::now()).await;
        assert!(put.unwrap());
        let nothing = cluster.dir.path().join("nothing");
        cluster.publisher(&nothing).reconcile().await.unwrap();
        assert!(cluster.store.current_revision().await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_database_kept_from_an_earlier_term_changes_nothing() {
        let cluster = Cluster::new().await;
        let (old, new) = (
            cluster.dir.path().join("old"),
            cluster.dir.path().join("new"),
        );
        compile(&old, RECORD);
        compile(&new, &RECORD.replace("1.3.0", "1.4.0"));
        let newer = cluster.publisher(&new);
        newer.reconcile().await.unwrap();
        let current = cluster.store.current_revision().await.unwrap();
        cluster.publisher(&old).reconcile().await.unwrap();
        assert_eq!(cluster.store.current_revision().await.unwrap(), current);
    }

    #[tokio::test]
    async fn a_damaged_copy_is_fetched_again() {
        let cluster = Cluster::new().await;
        compile(cluster.dir.path(), RECORD);
        cluster
            .publisher(cluster.dir.path())
            .reconcile()
            .await
            .unwrap();
        let follower = cluster.follower();
        follower.reconcile().await.unwrap();
        let copies = cluster.dir.path().join("worker");
        let copy = std::fs::read_dir(&copies).unwrap().next().unwrap().unwrap();
        std::fs::write(copy.path(), "damaged").unwrap();
        let restarted = cluster.follower();
        assert!(restarted.reconcile().await.is_err());
        restarted.reconcile().await.unwrap();
        assert!(in_use(&restarted).is_some());
    }
}
