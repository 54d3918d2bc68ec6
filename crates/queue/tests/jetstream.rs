//! The JetStream adapter under restarts, kills, load and several processes.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::time::Duration;

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{
    DeadLetterFilter, Delivery, JetStreamQueue, JetStreamSettings, Queue, QueueError, Settings,
};
use scanyard_testkit::RealNats;

const LONG: Duration = Duration::from_secs(60);
const LANE: Lane = Lane::Bulk;
const STAGE: Stage = Stage::Image;

fn servers(nats: &RealNats) -> JetStreamSettings {
    JetStreamSettings {
        timeout: Duration::from_secs(2),
        ..JetStreamSettings::new(vec![nats.url()])
    }
}

async fn connect(nats: &RealNats) -> JetStreamQueue {
    let settings = Settings {
        ack_wait: LONG,
        ..Settings::default()
    };
    JetStreamQueue::connect(servers(nats), settings)
        .await
        .unwrap()
}

fn message(id: usize) -> Message {
    let scan_id = Default::default();
    Message::new(id.to_string(), LANE, &Job::Image(ImageJob { scan_id }))
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(message).collect()
}

/// The next deliveries, however often the server is away.
async fn fetch(queue: &dyn Queue, max: usize) -> Vec<Delivery> {
    loop {
        match queue.fetch(LANE, STAGE, max, LONG).await {
            Ok(deliveries) => return deliveries,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

/// Takes messages until so many different ones were acknowledged.
async fn drain(queue: &dyn Queue, count: usize) -> HashSet<String> {
    let mut seen = HashSet::new();
    while seen.len() < count {
        for delivery in fetch(queue, (count - seen.len()).min(200)).await {
            let id = delivery.message.id.clone();
            match delivery.handle.ack().await {
                Ok(()) => {
                    seen.insert(id);
                }
                // It comes again.
                Err(QueueError::Expired) => {}
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    }
    seen
}

async fn assert_empty(queue: &dyn Queue) {
    let left = queue.fetch(LANE, STAGE, 10, Duration::ZERO).await.unwrap();
    assert!(left.is_empty());
}

async fn letters(queue: &dyn Queue, limit: u32) -> Vec<scanyard_queue::DeadLetter> {
    let filter = DeadLetterFilter {
        stage: Some(STAGE),
        after: None,
        limit,
    };
    queue.dead_letters(&filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_are_published_in_one_call() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let queue = connect(&nats).await;
    let messages = messages(20_000);
    queue.publish(&messages).await.unwrap();
    // Again, as after a crash before the outbox was told: nothing comes twice.
    queue.publish(&messages).await.unwrap();
    let depths = queue.depths().await.unwrap();
    let bulk = depths
        .iter()
        .find(|depth| (depth.lane, depth.stage) == (LANE, STAGE));
    let bulk = bulk.unwrap();
    assert_eq!((bulk.waiting, bulk.in_flight), (20_000, 0));
    assert!(bulk.oldest.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_messages_survive_kill_9_and_restart() {
    let Some(mut nats) = RealNats::start().await else {
        return;
    };
    let queue = connect(&nats).await;
    queue.publish(&messages(1000)).await.unwrap();
    nats.kill();
    nats.start_again().await;
    assert_eq!(drain(&queue, 600).await.len(), 600);
    nats.restart().await;
    assert_eq!(drain(&queue, 400).await.len(), 400);
    assert_empty(&queue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_published_is_lost_while_the_server_is_killed() {
    let Some(mut nats) = RealNats::start().await else {
        return;
    };
    // What the killed server forgets to have been given back comes after the ack wait.
    let settings = Settings {
        ack_wait: Duration::from_secs(1),
        max_deliveries: 1000,
        ..Settings::default()
    };
    let queue = JetStreamQueue::connect(servers(&nats), settings)
        .await
        .unwrap();
    let publisher = tokio::spawn({
        let queue = queue.clone();
        async move {
            for batch in messages(3000).chunks(100) {
                while let Err(error) = queue.publish(batch).await {
                    assert!(error.is_retryable(), "{error}");
                }
            }
        }
    });
    let mut seen = HashSet::new();
    for _ in 0..3 {
        seen.extend(drain(&queue, 50).await);
        nats.kill();
        nats.start_again().await;
    }
    publisher.await.unwrap();
    while seen.len() < 3000 {
        seen.extend(drain(&queue, 1).await);
    }
    assert!(letters(&queue, 1).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_fail_in_good_time_without_a_server_and_work_again_with_it() {
    let Some(mut nats) = RealNats::start().await else {
        return;
    };
    let queue = connect(&nats).await;
    queue.publish(&messages(2)).await.unwrap();
    let held = fetch(&queue, 1).await.remove(0);
    nats.stop().await;
    let messages = messages(1);
    let (check, publish, depths, fetch_none, progress) = tokio::join!(
        queue.check(),
        queue.publish(&messages),
        queue.depths(),
        queue.fetch(LANE, STAGE, 1, Duration::ZERO),
        held.handle.progress(),
    );
    for failure in [
        check.err(),
        publish.err(),
        depths.err(),
        fetch_none.err(),
        progress.err(),
    ] {
        assert!(failure.unwrap().is_retryable());
    }
    nats.start_again().await;
    // The connection comes back by itself.
    while queue.check().await.is_err() {}
    held.handle.ack().await.unwrap();
    let next = fetch(&queue, 10).await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].message.id, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_worker_is_woken_after_a_restart() {
    let Some(mut nats) = RealNats::start().await else {
        return;
    };
    let queue = connect(&nats).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { fetch(&queue, 1).await.remove(0).message.id }
    });
    nats.restart().await;
    while queue.publish(&messages(1)).await.is_err() {}
    assert_eq!(waiting.await.unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_consumers() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let (one, other) = (connect(&nats).await, connect(&nats).await);
    one.publish(&messages(10)).await.unwrap();
    let (first, second) = (fetch(&one, 5).await, fetch(&other, 10).await);
    assert_eq!((first.len(), second.len()), (5, 5));
    let ids: HashSet<_> = first.iter().chain(&second).map(|d| &d.message.id).collect();
    assert_eq!(ids.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_message_ends_as_one_dead_letter() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let settings = Settings::default();
    let queue = JetStreamQueue::connect(servers(&nats), settings)
        .await
        .unwrap();
    queue.publish(&messages(1)).await.unwrap();
    for attempt in 1..=settings.max_deliveries {
        let delivery = fetch(&queue, 10).await.remove(0);
        assert_eq!(delivery.attempt, attempt);
        let nak = delivery
            .handle
            .nak(Duration::ZERO, "it always fails\r\nhere");
        nak.await.unwrap();
    }
    assert_empty(&queue).await;
    let letters = letters(&queue, 10).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "it always fails here");
    assert_eq!(letters[0].attempts, settings.max_deliveries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_paged_across_gaps() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let queue = connect(&nats).await;
    queue.publish(&messages(200)).await.unwrap();
    for delivery in fetch(&queue, 200).await {
        delivery.handle.bury("broken").await.unwrap();
    }
    for letter in &letters(&queue, 150).await[..140] {
        assert!(queue.drop_dead_letter(&letter.id).await.unwrap());
    }
    let (mut after, mut ids) = (None, Vec::new());
    loop {
        let filter = DeadLetterFilter {
            stage: None,
            after: after.take(),
            limit: 25,
        };
        let page = queue.dead_letters(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        ids.extend(page.into_iter().map(|letter| letter.message.id));
    }
    let expected: Vec<_> = (0..60).rev().map(|id: usize| id.to_string()).collect();
    assert_eq!(ids, expected);
}
