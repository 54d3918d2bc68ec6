//! Prints how fast a real nats-server takes and gives work through the adapter: messages published,
//! and deliveries fetched and acknowledged. Run it in release; its figures are the machine's.

use std::time::{Duration, Instant};

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{JetStreamQueue, JetStreamSettings, Queue, Settings};
use scanyard_testkit::RealNats;
use tokio::task::JoinSet;

const MESSAGES: usize = 40_000;
const BATCH: usize = 32;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let nats = RealNats::start().await.ok_or("no nats-server")?;
    for consumers in [1, 2, 4] {
        let queue = connect(&nats).await?;
        let published = publish_rate(&queue, consumers).await?;
        let delivered = delivery_rate(&nats, consumers).await?;
        println!(
            "{consumers} consumers: {published:.0} published, {delivered:.0} fetched by {BATCH} \
             and acknowledged per second"
        );
    }
    Ok(())
}

async fn connect(nats: &RealNats) -> Outcome<JetStreamQueue> {
    let servers = JetStreamSettings::new(vec![nats.url()]);
    Ok(JetStreamQueue::connect(servers, Settings::default()).await?)
}

async fn publish_rate(queue: &JetStreamQueue, round: usize) -> Outcome<f64> {
    let scan_id = Default::default();
    let job = Job::Image(ImageJob { scan_id });
    let messages: Vec<_> = (0..MESSAGES)
        .map(|number| Message::new(format!("{round}-{number}"), Lane::Bulk, &job))
        .collect();
    let started = Instant::now();
    queue.publish(&messages).await?;
    Ok(MESSAGES as f64 / started.elapsed().as_secs_f64())
}

/// Each consumer has a connection of its own, as processes have.
async fn delivery_rate(nats: &RealNats, consumers: usize) -> Outcome<f64> {
    let mut queues = Vec::new();
    for _ in 0..consumers {
        queues.push(connect(nats).await?);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for queue in queues {
        tasks.spawn(async move {
            loop {
                let (lane, stage) = (Lane::Bulk, Stage::Image);
                let deliveries = queue.fetch(lane, stage, BATCH, Duration::ZERO).await?;
                if deliveries.is_empty() {
                    return Outcome::Ok(());
                }
                let acks = deliveries.into_iter().map(|delivery| delivery.handle.ack());
                futures_util::future::try_join_all(acks).await?;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(MESSAGES as f64 / started.elapsed().as_secs_f64())
}
