//! What every adapter of the queue must do, as tests that run against any of them.
//!
//! `queue_conformance!(open)` makes one test of each case. `open` is an `async fn(Settings) ->
//! Option<(Arc<dyn Queue>, Guard)>` that gives an empty queue, or `None` where what it needs is not
//! installed. Nothing here asserts how long something takes:
//! where a delivery must expire, the ack wait is short and the case waits for the next delivery.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};

use crate::*;

/// One test for each case of the suite.
#[macro_export]
macro_rules! queue_conformance {
    ($open:path) => {
        $crate::queue_conformance_cases! { $open;
            messages_come_in_order_and_leave_when_acknowledged,
            an_id_is_taken_once_within_the_window,
            lanes_and_stages_are_apart,
            a_delivery_that_expires_goes_to_another_worker,
            a_nak_brings_another_delivery,
            the_last_nak_ends_as_a_dead_letter,
            an_unsettled_last_delivery_ends_as_a_dead_letter,
            progress_keeps_a_delivery,
            a_waiting_worker_is_woken_by_a_message,
            every_message_goes_to_one_of_many_workers,
            dead_letters_are_listed_redriven_and_dropped,
            dead_letters_are_bounded,
        }
    };
}

/// Helper of [`queue_conformance`].
#[doc(hidden)]
#[macro_export]
macro_rules! queue_conformance_cases {
    ($open:path; $($case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let settings = $crate::conformance::settings(stringify!($case));
                if let Some((queue, _guard)) = $open(settings).await {
                    $crate::conformance::$case(queue).await;
                }
            }
        )*
    };
}

/// Longer than any case takes.
const LONG: Duration = Duration::from_secs(60);

/// What a case needs: a short ack wait where deliveries expire, a long one elsewhere.
pub fn settings(case: &str) -> Settings {
    let expires = case.contains("expires") || case.contains("unsettled");
    Settings {
        ack_wait: if expires {
            Duration::from_millis(20)
        } else {
            LONG
        },
        max_deliveries: 2,
        duplicate_window: LONG,
        max_dead_letters: 3,
    }
}

fn message(id: &str) -> Message {
    let scan_id = Default::default();
    let mut message = Message::new(id, Lane::Interactive, &Job::Image(ImageJob { scan_id }));
    message.traceparent = Some(format!("trace-{id}"));
    message
}

async fn publish(queue: &dyn Queue, ids: &[&str]) {
    let messages: Vec<_> = ids.iter().map(|id| message(id)).collect();
    queue.publish(&messages).await.unwrap();
}

async fn fetch(queue: &dyn Queue, max: usize) -> Vec<Delivery> {
    let lane = Lane::Interactive;
    queue.fetch(lane, Stage::Image, max, LONG).await.unwrap()
}

async fn fetch_one(queue: &dyn Queue) -> Delivery {
    fetch(queue, 1).await.remove(0)
}

async fn assert_empty(queue: &dyn Queue) {
    let lane = Lane::Interactive;
    let none = queue.fetch(lane, Stage::Image, 10, Duration::ZERO).await;
    assert!(none.unwrap().is_empty());
}

async fn letters(queue: &dyn Queue) -> Vec<DeadLetter> {
    let filter = DeadLetterFilter {
        stage: Some(Stage::Image),
        after: None,
        limit: 10,
    };
    queue.dead_letters(&filter).await.unwrap()
}

pub async fn messages_come_in_order_and_leave_when_acknowledged(queue: Arc<dyn Queue>) {
    queue.check().await.unwrap();
    publish(&*queue, &["a", "b"]).await;
    publish(&*queue, &["c"]).await;
    let first = fetch(&*queue, 2).await;
    let ids: Vec<_> = first.iter().map(|d| d.message.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!((first[0].attempt, first[0].is_last), (1, false));
    assert_eq!(first[0].message, message("a"));
    let depth = |depths: Vec<LaneDepth>| (depths[0].waiting, depths[0].in_flight);
    assert_eq!(depth(queue.depths().await.unwrap()), (1, 2));
    for delivery in first {
        delivery.handle.ack().await.unwrap();
    }
    fetch_one(&*queue).await.handle.ack().await.unwrap();
    assert_empty(&*queue).await;
    let depths = queue.depths().await.unwrap();
    assert_eq!(depths.len(), 4);
    assert_eq!((depths[0].oldest, depth(depths)), (None, (0, 0)));
}

pub async fn an_id_is_taken_once_within_the_window(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a", "a"]).await;
    publish(&*queue, &["a"]).await;
    fetch_one(&*queue).await.handle.ack().await.unwrap();
    publish(&*queue, &["a", "b"]).await;
    let next = fetch(&*queue, 10).await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].message.id, "b");
}

pub async fn lanes_and_stages_are_apart(queue: Arc<dyn Queue>) {
    let mut messages = Vec::new();
    for lane in Lane::ALL {
        for stage in Stage::ALL {
            let id = format!("{lane}-{}", stage.name());
            messages.push(Message {
                lane,
                stage,
                ..message(&id)
            });
        }
    }
    queue.publish(&messages).await.unwrap();
    for expected in messages {
        let fetched = queue
            .fetch(expected.lane, expected.stage, 10, LONG)
            .await
            .unwrap();
        assert_eq!(fetched.len(), 1);
        assert_eq!(fetched[0].message, expected);
    }
}

pub async fn a_delivery_that_expires_goes_to_another_worker(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a"]).await;
    let late = fetch_one(&*queue).await;
    let current = fetch_one(&*queue).await;
    assert_eq!((current.attempt, current.is_last), (2, true));
    let progress = late.handle.progress().await;
    assert!(matches!(progress, Err(QueueError::Expired)));
    let ack = late.handle.ack().await;
    assert!(matches!(ack, Err(QueueError::Expired)));
    current.handle.ack().await.unwrap();
    assert_empty(&*queue).await;
    assert!(letters(&*queue).await.is_empty());
}

pub async fn a_nak_brings_another_delivery(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a", "b"]).await;
    fetch_one(&*queue)
        .await
        .handle
        .nak(LONG, "later")
        .await
        .unwrap();
    let other = fetch_one(&*queue).await;
    assert_eq!(other.message.id, "b");
    assert_empty(&*queue).await;
    let soon = Duration::from_millis(10);
    other.handle.nak(soon, "busy").await.unwrap();
    let again = fetch_one(&*queue).await;
    assert_eq!((again.message.id.as_str(), again.attempt), ("b", 2));
    // A broker may count the one whose delay runs as in flight.
    let depths = queue.depths().await.unwrap();
    assert_eq!(depths[0].waiting + depths[0].in_flight, 2);
}

pub async fn the_last_nak_ends_as_a_dead_letter(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a"]).await;
    for _ in 0..2 {
        let delivery = fetch_one(&*queue).await;
        delivery
            .handle
            .nak(Duration::ZERO, "no such image")
            .await
            .unwrap();
    }
    assert_empty(&*queue).await;
    let letters = letters(&*queue).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].message, message("a"));
    assert_eq!(
        (letters[0].reason.as_str(), letters[0].attempts),
        ("no such image", 2)
    );
    assert!(letters[0].published_at <= letters[0].died_at);
}

pub async fn an_unsettled_last_delivery_ends_as_a_dead_letter(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a"]).await;
    fetch_one(&*queue).await;
    let last = fetch_one(&*queue).await;
    // Returns once the last delivery has expired and something else is there.
    let (next, ()) = tokio::join!(fetch_one(&*queue), async {
        while letters(&*queue).await.is_empty() {
            tokio::task::yield_now().await;
        }
        publish(&*queue, &["b"]).await;
    });
    assert_eq!(next.message.id, "b");
    let expired = last.handle.ack().await;
    assert!(matches!(expired, Err(QueueError::Expired)));
    assert_eq!(letters(&*queue).await[0].attempts, 2);
}

pub async fn progress_keeps_a_delivery(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a"]).await;
    let delivery = fetch_one(&*queue).await;
    delivery.handle.progress().await.unwrap();
    assert_empty(&*queue).await;
    delivery.handle.bury("not an image").await.unwrap();
    assert_eq!(letters(&*queue).await[0].reason, "not an image");
}

pub async fn a_waiting_worker_is_woken_by_a_message(queue: Arc<dyn Queue>) {
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { fetch_one(&*queue).await.message.id }
    });
    tokio::task::yield_now().await;
    publish(&*queue, &["a"]).await;
    assert_eq!(waiting.await.unwrap(), "a");
}

pub async fn every_message_goes_to_one_of_many_workers(queue: Arc<dyn Queue>) {
    let ids: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
    let messages: Vec<_> = ids.iter().map(|id| message(id)).collect();
    queue.publish(&messages).await.unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while done.len() < 25 {
                    let delivery = fetch_one(&*queue).await;
                    done.push(delivery.message.id.clone());
                    delivery.handle.ack().await.unwrap();
                }
                done
            })
        })
        .collect();
    let mut seen = HashSet::new();
    for worker in workers {
        for id in worker.await.unwrap() {
            assert!(seen.insert(id), "delivered twice");
        }
    }
    assert_eq!(seen.len(), ids.len());
}

pub async fn dead_letters_are_listed_redriven_and_dropped(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a", "b"]).await;
    for delivery in fetch(&*queue, 2).await {
        delivery.handle.bury("broken").await.unwrap();
    }
    let newest_first = letters(&*queue).await;
    let ids: Vec<_> = newest_first.iter().map(|l| l.message.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert!(newest_first[0].id > newest_first[1].id);
    let after = DeadLetterFilter {
        stage: None,
        after: Some(newest_first[0].id.clone()),
        limit: 10,
    };
    let older = queue.dead_letters(&after).await.unwrap();
    assert_eq!(older, newest_first[1..]);
    let (b, a) = (&newest_first[0].id, &newest_first[1].id);
    assert!(queue.redrive(a).await.unwrap());
    assert!(!queue.redrive(a).await.unwrap());
    let again = fetch_one(&*queue).await;
    assert_eq!((again.message.id.as_str(), again.attempt), ("a", 1));
    assert!(queue.dead_letter(b).await.unwrap().is_some());
    assert!(queue.drop_dead_letter(b).await.unwrap());
    assert!(!queue.drop_dead_letter(b).await.unwrap());
    assert!(queue.dead_letter("none").await.unwrap().is_none());
    assert!(letters(&*queue).await.is_empty());
}

pub async fn dead_letters_are_bounded(queue: Arc<dyn Queue>) {
    publish(&*queue, &["a", "b", "c", "d", "e"]).await;
    for delivery in fetch(&*queue, 5).await {
        delivery.handle.bury("broken").await.unwrap();
    }
    let kept = letters(&*queue).await;
    let ids: Vec<_> = kept.iter().map(|l| l.message.id.as_str()).collect();
    assert_eq!(ids, ["e", "d", "c"]);
}
