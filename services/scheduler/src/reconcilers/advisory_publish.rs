//! Puts the advisory database that this scheduler has at hand where the other processes get it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use async_trait::async_trait;
use scanyard_advisory::{DATABASE_FILE, Database};
use scanyard_store::Store;
use tokio::sync::{Mutex, Notify};

use crate::{AdvisoryCopies, Reconciler, Round};

/// Puts another database into the archive, and what is newest there to use. In this order, so that
/// whoever hears of a revision can fetch it. What a former leader left between the two is made up
/// for; a database older than the archive's, such as one that a scheduler kept from its last term,
/// changes nothing.
pub struct AdvisoryPublish {
    pub store: Arc<dyn Store>,
    pub copies: Arc<AdvisoryCopies>,
    pub path: PathBuf,
    pub interval: Duration,
    /// Tells that an update has written another revision.
    pub updated: Arc<Notify>,
    /// The file that was put last, by its time.
    pub put: Mutex<Option<SystemTime>>,
}

#[async_trait]
impl Reconciler for AdvisoryPublish {
    fn name(&self) -> &'static str {
        "advisory_publish"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        self.put_if_changed().await?;
        let Some(newest) = self.copies.newest().await? else {
            return Ok(Round::Idle);
        };
        let info = newest.info();
        let in_use = self.store.current_revision().await?;
        if in_use.is_none_or(|revision| !revision.is_of(info.revision)) {
            let activated = self.store.activate_revision(info.revision, info.date);
            let sequence = activated.await?.sequence;
            tracing::info!(sequence, "another advisory revision is put to use");
        }
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        self.updated.notified().await;
    }
}

impl AdvisoryPublish {
    async fn put_if_changed(&self) -> anyhow::Result<()> {
        let file = database_file(&self.path);
        let Ok(metadata) = tokio::fs::metadata(&file).await else {
            return Ok(());
        };
        let modified = metadata.modified().context("files have no times here")?;
        let mut put = self.put.lock().await;
        if *put == Some(modified) {
            return Ok(());
        }
        let verified = file.clone();
        let verifying = tokio::task::spawn_blocking(move || Database::open(&verified)?.verify());
        let verified = verifying.await.context("the check was cut short")?;
        verified.context("the advisory database cannot be used")?;
        if self.copies.put(&file, modified.into()).await? {
            tracing::info!("an advisory database was put into the archive");
        }
        *put = Some(modified);
        Ok(())
    }
}

fn database_file(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(DATABASE_FILE),
        false => path.to_owned(),
    }
}
