//! The streams and consumers on the servers, made or brought up to date at start.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, ConsumerErrorKind, DiscardPolicy, RetentionPolicy, StorageType,
};
use async_nats::jetstream::{ErrorCode, stream};
use scanyard_protocol::{Lane, Stage};

use super::connection::Connection;
use super::names::{Names, consumer_name};
use super::settings::{ConnectError, JetStreamSettings};
use crate::Settings;

/// Fetches that may wait at one consumer: idle workers of the whole cluster.
const MAX_WAITING: i64 = 8192;
/// A letter that was published again is remembered at least this long, whatever the window.
const MIN_BURIAL_WINDOW: Duration = Duration::from_secs(120);
/// Dead letters take at most this much room; the oldest go first.
const MAX_DEAD_LETTER_BYTES: i64 = 256 << 20;

/// Jobs leave the stream when they are acknowledged. When it is full, publishers are refused.
pub(super) fn jobs_config(
    names: &Names,
    servers: &JetStreamSettings,
    settings: &Settings,
) -> Config {
    Config {
        name: names.jobs_stream(),
        description: Some("Scanyard: jobs by stage and lane".to_owned()),
        subjects: vec![names.job_subjects()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        max_messages: i64::from(servers.max_messages),
        max_bytes: i64::from(servers.max_bytes),
        duplicate_window: settings.duplicate_window,
        storage: StorageType::File,
        num_replicas: servers.replicas,
        ..Config::default()
    }
}

/// Dead letters wait for a person. When there are too many, the oldest go.
pub(super) fn dead_letters_config(
    names: &Names,
    servers: &JetStreamSettings,
    settings: &Settings,
) -> Config {
    Config {
        name: names.dead_letters_stream(),
        description: Some("Scanyard: jobs that were given up".to_owned()),
        subjects: vec![names.dead_letter_subjects(None)],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_messages: i64::from(settings.max_dead_letters),
        max_bytes: MAX_DEAD_LETTER_BYTES,
        // A worker that dies between burying and settling leaves a delivery that is buried again
        // once its ack wait is over: that must fall into the window.
        duplicate_window: settings.ack_wait.saturating_mul(10).max(MIN_BURIAL_WINDOW),
        storage: StorageType::File,
        num_replicas: servers.replicas,
        ..Config::default()
    }
}

/// Makes the stream as wanted. Settings that we do not name stay as the operator has them.
pub(super) async fn reconcile_stream(
    connection: &Connection,
    wanted: Config,
) -> Result<(), ConnectError> {
    let name = wanted.name.clone();
    let existing = match connection.jetstream.get_stream(&name).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(error) => {
            return match error.kind() {
                GetStreamErrorKind::JetStream(cause)
                    if cause.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    create_stream(connection, wanted).await
                }
                _ => Err(ConnectError::Unavailable(Box::new(error))),
            };
        }
    };
    for (what, is_same) in [
        ("its retention", existing.retention == wanted.retention),
        ("its storage", existing.storage == wanted.storage),
    ] {
        if !is_same {
            let reason = format!("{what} is another one, which cannot be changed");
            return Err(ConnectError::Conflict { name, reason });
        }
    }
    let merged = Config {
        description: wanted.description,
        subjects: wanted.subjects,
        discard: wanted.discard,
        max_messages: wanted.max_messages,
        max_bytes: wanted.max_bytes,
        duplicate_window: wanted.duplicate_window,
        num_replicas: wanted.num_replicas,
        ..existing.clone()
    };
    if merged == existing {
        return Ok(());
    }
    let updated = connection.jetstream.update_stream(merged).await;
    updated
        .map(|_| ())
        .map_err(|error| conflict(name, error.kind()))
}

/// A stream that is there.
pub(super) async fn open(
    connection: &Connection,
    name: String,
) -> Result<stream::Stream<()>, ConnectError> {
    let stream = connection.jetstream.get_stream_no_info(name).await;
    stream.map_err(|error| ConnectError::Unavailable(Box::new(error)))
}

async fn create_stream(connection: &Connection, wanted: Config) -> Result<(), ConnectError> {
    let name = wanted.name.clone();
    let created = connection.jetstream.create_stream(wanted).await;
    created
        .map(|_| ())
        .map_err(|error| conflict(name, error.kind()))
}

fn conflict(
    name: String,
    kind: async_nats::jetstream::context::CreateStreamErrorKind,
) -> ConnectError {
    use async_nats::jetstream::context::CreateStreamErrorKind as Kind;
    match kind {
        // Busy or starting servers say this for a while.
        Kind::JetStream(cause) if cause.code() == 503 => ConnectError::Unavailable(Box::new(cause)),
        Kind::JetStream(cause) => ConnectError::Conflict {
            name,
            reason: cause.to_string(),
        },
        Kind::TimedOut | Kind::Response | Kind::JetStreamUnavailable | Kind::ResponseParse => {
            ConnectError::Unavailable(kind.to_string().into())
        }
        other => ConnectError::Conflict {
            name,
            reason: other.to_string(),
        },
    }
}

/// The durable consumer of a stage and lane. All workers share it.
pub(super) async fn reconcile_consumer(
    jobs: &stream::Stream<()>,
    names: &Names,
    settings: &Settings,
    (stage, lane): (Stage, Lane),
) -> Result<PullConsumer, ConnectError> {
    let name = consumer_name(stage, lane);
    let config = pull::Config {
        durable_name: Some(name.clone()),
        filter_subject: names.job_subject(stage, lane),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.ack_wait,
        // The server would only stop delivering, and leave the message in the stream for good. We
        // bury it instead.
        max_deliver: -1,
        // Messages whose delay runs count too. The stream's bound is the bound.
        max_ack_pending: -1,
        max_waiting: MAX_WAITING,
        ..pull::Config::default()
    };
    jobs.create_consumer(config)
        .await
        .map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(cause) if cause.code() != 503 => ConnectError::Conflict {
                name,
                reason: cause.to_string(),
            },
            _ => ConnectError::Unavailable(Box::new(error)),
        })
}
