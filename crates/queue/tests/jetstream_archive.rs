//! Both adapters of the advisory archive.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use scanyard_queue::{
    AdvisoryArchive, ArchiveError, ArchivedRevision, DirectoryArchive, JetStreamQueue,
    JetStreamSettings, Settings,
};
use scanyard_testkit::RealNats;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);

/// Makes a file of so many bytes, and its revision.
async fn compile(directory: &Path, second: i64, size: usize) -> (ArchivedRevision, PathBuf) {
    let file = directory.join(format!("compiled-{second}"));
    let bytes: Vec<u8> = (0..size)
        .map(|at| (at % 251) as u8 ^ second as u8)
        .collect();
    std::fs::write(&file, bytes).unwrap();
    let compiled_at = DateTime::from_timestamp(second, 0).unwrap();
    let revision = ArchivedRevision::of_file(&file, compiled_at).await.unwrap();
    (revision, file)
}

async fn keeps_the_newest_revisions(archive: Arc<dyn AdvisoryArchive>) {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    assert_eq!(archive.current().await.unwrap(), None);
    let mut revisions = Vec::new();
    for second in [1, 2, 3] {
        let (revision, file) = compile(path, second, 1_000_000).await;
        assert!(archive.put(&revision, &file).await.unwrap());
        assert!(!archive.put(&revision, &file).await.unwrap());
        assert_eq!(archive.current().await.unwrap(), Some(revision));
        revisions.push((revision, file));
    }
    let (oldest, file) = &revisions[0];
    assert!(!archive.put(oldest, file).await.unwrap());
    let target = path.join("fetched");
    let gone = archive.fetch(oldest, &target).await;
    assert!(matches!(gone, Err(ArchiveError::Gone)));
    assert!(!target.exists());
    for (revision, file) in &revisions[1..] {
        archive.fetch(revision, &target).await.unwrap();
        assert!(std::fs::read(&target).unwrap() == std::fs::read(file).unwrap());
    }
}

async fn refuses_what_is_not_the_revision(archive: Arc<dyn AdvisoryArchive>) {
    let directory = TempDir::new().unwrap();
    let (revision, file) = compile(directory.path(), 1, 1000).await;
    std::fs::write(&file, "something else").unwrap();
    let refused = archive.put(&revision, &file).await;
    assert!(matches!(refused, Err(ArchiveError::WrongDigest { .. })));
    assert_eq!(archive.current().await.unwrap(), None);
}

async fn tells_of_changes(archive: Arc<dyn AdvisoryArchive>) {
    let directory = TempDir::new().unwrap();
    let none = archive.changed(None, Duration::ZERO).await.unwrap();
    assert_eq!(none, None);
    let waiting = tokio::spawn({
        let archive = Arc::clone(&archive);
        async move { archive.changed(None, LONG).await.unwrap() }
    });
    let (revision, file) = compile(directory.path(), 1, 1000).await;
    archive.put(&revision, &file).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Some(revision));
    let same = archive.changed(Some(&revision), Duration::ZERO).await;
    assert_eq!(same.unwrap(), None);
}

async fn jetstream() -> Option<(Arc<dyn AdvisoryArchive>, RealNats)> {
    let nats = RealNats::start().await?;
    let servers = JetStreamSettings::new(vec![nats.url()]);
    let queue = JetStreamQueue::connect(servers, Settings::default()).await;
    let archive = queue.unwrap().advisory_archive().await.unwrap();
    Some((Arc::new(archive), nats))
}

fn directory() -> (Arc<dyn AdvisoryArchive>, TempDir) {
    let directory = TempDir::new().unwrap();
    let archive = DirectoryArchive::open(directory.path().join("archive")).unwrap();
    (Arc::new(archive), directory)
}

macro_rules! on_both_adapters {
    ($($case:ident: $directory:ident, $jetstream:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $directory() {
                let (archive, _guard) = directory();
                $case(archive).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $jetstream() {
                if let Some((archive, _guard)) = jetstream().await {
                    $case(archive).await;
                }
            }
        )*
    };
}

on_both_adapters! {
    keeps_the_newest_revisions:
        a_directory_keeps_the_newest_revisions, jetstream_keeps_the_newest_revisions;
    refuses_what_is_not_the_revision:
        a_directory_refuses_what_is_not_the_revision, jetstream_refuses_what_is_not_the_revision;
    tells_of_changes:
        a_directory_tells_of_changes, jetstream_tells_of_changes;
}
