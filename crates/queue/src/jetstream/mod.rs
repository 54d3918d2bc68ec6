//! The queue on NATS JetStream, for a cluster; nats-server 2.10 and newer.
//!
//! Jobs lie in one work-queue stream under a subject for each stage and lane, each with a durable
//! consumer that all workers share. Dead letters lie in a second stream. Deliveries are counted by
//! the server and bounded here: it would only stop delivering a message, never move it.
//!
//! What the server promises: a publication that it acknowledged is in its file, and survives the
//! server's process being killed. A power cut may take what the system had not written to disk; the
//! server asks for that every two minutes unless `sync_interval: always` is set, and replicas cover
//! for each other. After a kill, deliveries settled in the last moments may come again, message ids
//! of acknowledged jobs are forgotten, and a message may have lost count of its deliveries. Handlers
//! are idempotent for that reason.

mod archive;
mod connection;
mod dead_letters;
mod delivery;
mod depths;
mod envelope;
mod fetch;
mod held;
mod names;
mod publish;
mod settings;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use async_trait::async_trait;
use scanyard_protocol::{Lane, Message, Stage};

pub use self::archive::JetStreamArchive;
use self::connection::Connection;
use self::held::Held;
use self::names::Names;
pub use self::settings::{
    ConnectError, Credentials, InvalidPrefix, JetStreamSettings, Prefix, Tls, TlsIdentity,
};
use crate::{DeadLetter, DeadLetterFilter, Delivery, LaneDepth, Queue, QueueError, Settings};

type Result<T> = std::result::Result<T, QueueError>;

/// The JetStream adapter of the queue port. Clones share one connection.
#[derive(Debug, Clone)]
pub struct JetStreamQueue {
    connection: Connection,
    names: Names,
    settings: Settings,
    replicas: usize,
    jobs: Stream<()>,
    letters: Stream<()>,
    /// In the order of [`places`].
    consumers: Arc<[PullConsumer]>,
    held: Arc<Held>,
}

impl JetStreamQueue {
    /// Connects, and makes streams and consumers as they must be.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says whether another try can help. Afterwards the connection comes
    /// back by itself whenever it is lost.
    pub async fn connect(
        servers: JetStreamSettings,
        settings: Settings,
    ) -> std::result::Result<Self, ConnectError> {
        let connection = Connection::open(&servers).await?;
        let names = Names::new(servers.prefix.clone());
        for config in [
            streams::jobs_config(&names, &servers, &settings),
            streams::dead_letters_config(&names, &servers, &settings),
        ] {
            streams::reconcile_stream(&connection, config).await?;
        }
        let jobs = streams::open(&connection, names.jobs_stream()).await?;
        let letters = streams::open(&connection, names.dead_letters_stream()).await?;
        let mut consumers = Vec::new();
        for (lane, stage) in places() {
            let place = (stage, lane);
            consumers.push(streams::reconcile_consumer(&jobs, &names, &settings, place).await?);
        }
        Ok(Self {
            connection,
            names,
            settings,
            replicas: servers.replicas,
            jobs,
            letters,
            consumers: consumers.into(),
            held: Arc::default(),
        })
    }

    fn consumer(&self, lane: Lane, stage: Stage) -> &PullConsumer {
        let place = places().position(|place| place == (lane, stage));
        &self.consumers[place.unwrap_or_default()]
    }
}

/// Every lane and stage.
fn places() -> impl Iterator<Item = (Lane, Stage)> {
    Lane::ALL
        .into_iter()
        .flat_map(|lane| Stage::ALL.map(|stage| (lane, stage)))
}

#[async_trait]
impl Queue for JetStreamQueue {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        self.publish_all(messages).await
    }

    async fn fetch(
        &self,
        lane: Lane,
        stage: Stage,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>> {
        self.fetch_within(lane, stage, max, wait).await
    }

    async fn depths(&self) -> Result<Vec<LaneDepth>> {
        self.read_depths().await
    }

    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>> {
        self.list_letters(filter).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>> {
        self.read_letter(id).await
    }

    async fn redrive(&self, id: &str) -> Result<bool> {
        self.redrive_letter(id).await
    }

    async fn drop_dead_letter(&self, id: &str) -> Result<bool> {
        self.drop_letter(id).await
    }

    async fn check(&self) -> Result<()> {
        // Through JetStream, not the server alone: it answers once the stream has a leader.
        self.connection.ask(self.jobs.get_info()).await.map(|_| ())
    }
}
