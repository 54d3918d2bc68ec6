//! The advisory archive in a JetStream object store.

use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::object_store::{Config, GetErrorKind, ObjectMetadata, ObjectStore};
use async_nats::jetstream::stream::{StorageType, Stream};
use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::connection::Connection;
use super::settings::ConnectError;
use super::{JetStreamQueue, streams};
use crate::archive::{AdvisoryArchive, ArchiveError, ArchivedRevision, KEPT, write_verified};

/// Bytes of one message. Servers take up to a megabyte by default.
const CHUNK: usize = 128 << 10;
/// Room for the revisions kept and one on its way.
const MAX_BYTES: i64 = 2 << 30;
/// An upload that did not go on for this long was given up.
const ABANDONED: chrono::Duration = chrono::Duration::hours(1);

/// Keeps revisions in the cluster's object store. Clones share the queue's connection.
#[derive(Clone)]
pub struct JetStreamArchive {
    connection: Connection,
    bucket: String,
    store: ObjectStore,
    /// What the object store is made of.
    stream: Stream<()>,
}

impl JetStreamQueue {
    /// The advisory archive on the same servers, made when it is missing.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says whether another try can help.
    pub async fn advisory_archive(&self) -> Result<JetStreamArchive, ConnectError> {
        let jetstream = &self.connection.jetstream;
        let bucket = self.names.advisories_bucket();
        let store = match jetstream.get_object_store(&bucket).await {
            Ok(store) => store,
            // There is none, or the servers will say again what is wrong.
            Err(_) => {
                let config = Config {
                    bucket: bucket.clone(),
                    description: Some("Scanyard: compiled advisory databases".to_owned()),
                    max_bytes: MAX_BYTES,
                    storage: StorageType::File,
                    num_replicas: self.replicas,
                    ..Config::default()
                };
                let made = jetstream.create_object_store(config).await;
                made.map_err(|error| ConnectError::Unavailable(Box::new(error)))?
            }
        };
        let stream = streams::open(&self.connection, format!("OBJ_{bucket}")).await?;
        Ok(JetStreamArchive {
            connection: self.connection.clone(),
            bucket,
            store,
            stream,
        })
    }
}

/// A revision, and under which name its bytes lie.
struct Stored {
    revision: ArchivedRevision,
    chunks: String,
}

impl JetStreamArchive {
    /// The newest first.
    async fn list(&self) -> Result<Vec<Stored>, ArchiveError> {
        let read = async {
            let mut objects = self.store.list().await.map_err(unavailable)?;
            let mut stored = Vec::new();
            while let Some(object) = objects.next().await {
                let object = object.map_err(unavailable)?;
                if let Some(revision) = ArchivedRevision::from_name(&object.name) {
                    stored.push(Stored {
                        revision,
                        chunks: format!("$O.{}.C.{}", self.bucket, object.nuid),
                    });
                }
            }
            Ok::<_, ArchiveError>(stored)
        };
        let ended = tokio::time::timeout(self.connection.timeout, read).await;
        let mut stored = ended.map_err(unavailable)??;
        stored.sort_unstable_by_key(|stored| Reverse(stored.revision));
        Ok(stored)
    }

    async fn upload(&self, revision: &ArchivedRevision, path: &Path) -> Result<(), ArchiveError> {
        let file = tokio::fs::File::open(path).await;
        let mut file = file.map_err(ArchiveError::file(path))?;
        let metadata = ObjectMetadata {
            name: revision.name(),
            chunk_size: Some(CHUNK),
            ..ObjectMetadata::default()
        };
        // Each chunk's acknowledgement has a bound of its own.
        let put = self.store.put(metadata, &mut file).await;
        put.map(|_| ()).map_err(unavailable)
    }

    /// Drops what is too old, and what uploads that broke off left behind.
    async fn tidy(&self) -> Result<(), ArchiveError> {
        let stored = self.list().await?;
        let (kept, old) = stored.split_at(stored.len().min(KEPT));
        for stored in old {
            // Leaves a marker of some hundred bytes, which tells watchers.
            let name = stored.revision.name();
            self.connection.ask(self.store.delete(name)).await?;
        }
        let filter = format!("$O.{}.C.*", self.bucket);
        let listed = self.stream.info_with_subjects(filter);
        let mut subjects = self.connection.ask(listed).await?;
        while let Some(subject) = subjects.next().await {
            let (subject, _) = subject.map_err(unavailable)?;
            let is_kept = kept.iter().any(|stored| stored.chunks == subject);
            if !is_kept && self.is_abandoned(&subject).await? {
                let purge = self.stream.purge().filter(subject);
                self.connection.ask(purge.into_future()).await?;
            }
        }
        Ok(())
    }

    async fn is_abandoned(&self, chunks: &str) -> Result<bool, ArchiveError> {
        let last = self.stream.get_last_raw_message_by_subject(chunks);
        let last = self.connection.ask(last).await?;
        Ok(chrono::Utc::now() - last.time > ABANDONED)
    }
}

#[async_trait]
impl AdvisoryArchive for JetStreamArchive {
    async fn put(&self, revision: &ArchivedRevision, file: &Path) -> Result<bool, ArchiveError> {
        if self
            .current()
            .await?
            .is_some_and(|current| current >= *revision)
        {
            return Ok(false);
        }
        let found = ArchivedRevision::of_file(file, revision.compiled_at).await?;
        if found.digest != revision.digest {
            return Err(ArchiveError::WrongDigest {
                expected: revision.digest,
                found: found.digest,
            });
        }
        self.upload(&found, file).await?;
        self.tidy().await?;
        Ok(true)
    }

    async fn current(&self) -> Result<Option<ArchivedRevision>, ArchiveError> {
        Ok(self.list().await?.first().map(|stored| stored.revision))
    }

    async fn fetch(&self, revision: &ArchivedRevision, file: &Path) -> Result<(), ArchiveError> {
        let name = revision.name();
        let timeout = self.connection.timeout;
        let opened = tokio::time::timeout(timeout, self.store.get(name)).await;
        let mut object = match opened.map_err(unavailable)? {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Err(ArchiveError::Gone),
            Err(error) => return Err(unavailable(error)),
        };
        write_verified(&mut object, revision, file, timeout).await
    }

    async fn changed(
        &self,
        known: Option<&ArchivedRevision>,
        wait: Duration,
    ) -> Result<Option<ArchivedRevision>, ArchiveError> {
        let deadline = Instant::now() + wait;
        // Watched before looking, so that a change in between is not missed.
        let mut changes = self.connection.ask(self.store.watch()).await?;
        loop {
            let current = self.current().await?;
            if current.as_ref() != known {
                return Ok(current);
            }
            match tokio::time::timeout_at(deadline, changes.next()).await {
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(unavailable(error)),
                Ok(None) => return Err(unavailable("the watch has ended")),
                Err(_) => return Ok(None),
            }
        }
    }
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ArchiveError {
    ArchiveError::Unavailable(cause.into())
}
