//! The conformance suite on the JetStream adapter, on a real server.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_queue::{JetStreamQueue, JetStreamSettings, Queue, Settings, queue_conformance};
use scanyard_testkit::RealNats;

async fn open(settings: Settings) -> Option<(Arc<dyn Queue>, RealNats)> {
    let nats = RealNats::start().await?;
    let servers = JetStreamSettings::new(vec![nats.url()]);
    let queue = JetStreamQueue::connect(servers, settings).await.unwrap();
    Some((Arc::new(queue), nats))
}

queue_conformance!(open);
