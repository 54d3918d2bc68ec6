//! Takes the jobs of one lane and stage, as many as there are places for.

use std::sync::Arc;

use scanyard_protocol::{Lane, Stage};
use scanyard_queue::Delivery;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::WorkerContext;
use crate::delivery::{hand_back_unopened, run_delivery};
use crate::slots::{Slot, Slots};

/// Most deliveries of one fetch.
const BATCH: usize = 32;

/// A place in one lane of one stage.
pub struct Consumer {
    pub context: Arc<WorkerContext>,
    pub lane: Lane,
    pub stage: Stage,
    pub slots: Slots,
    /// Cancelled when running jobs are to be given back.
    pub hand_back: CancellationToken,
}

impl Consumer {
    /// Runs jobs until the token is cancelled, and then until those at hand have ended.
    pub async fn run(self, stop: CancellationToken) {
        let mut jobs = JoinSet::new();
        let (mut backlog, mut failures) = (false, 0);
        while let Some(places) = self.places(backlog, &stop).await {
            while jobs.try_join_next().is_some() {}
            match self.fetch(places.len()).await {
                Some(deliveries) => {
                    failures = 0;
                    backlog = deliveries.len() == places.len();
                    self.start(&mut jobs, deliveries, places, &stop);
                }
                None => {
                    drop(places);
                    failures += 1;
                    let wait = self.context.settings.retry.after(failures, None);
                    stop.run_until_cancelled(tokio::time::sleep(wait)).await;
                }
            }
        }
        while jobs.join_next().await.is_some() {}
    }

    /// Places to fetch for; `None` after the stop. Idle consumers hold one place, so that the other
    /// lane finds the rest free; more are taken while more work is known to wait.
    async fn places(&self, backlog: bool, stop: &CancellationToken) -> Option<Vec<Slot>> {
        let first = stop
            .run_until_cancelled(self.slots.take(self.lane))
            .await??;
        let mut places = vec![first];
        while backlog && places.len() < BATCH {
            match self.slots.try_take(self.lane) {
                Some(place) => places.push(place),
                None => break,
            }
        }
        Some(places)
    }

    /// A fetch is never given up half-way: deliveries on their way would be lost until their ack
    /// wait is over.
    async fn fetch(&self, max: usize) -> Option<Vec<Delivery>> {
        let wait = self.context.settings.fetch_wait;
        let fetched = self.context.queue.fetch(self.lane, self.stage, max, wait);
        match fetched.await {
            Ok(deliveries) => Some(deliveries),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(lane = %self.lane, stage = self.stage.name(), %error, cause, "no jobs can be fetched");
                None
            }
        }
    }

    fn start(
        &self,
        jobs: &mut JoinSet<()>,
        deliveries: Vec<Delivery>,
        places: Vec<Slot>,
        stop: &CancellationToken,
    ) {
        for (delivery, place) in deliveries.into_iter().zip(places) {
            if stop.is_cancelled() {
                jobs.spawn(hand_back_unopened(delivery));
                continue;
            }
            let context = Arc::clone(&self.context);
            jobs.spawn(run_delivery(
                context,
                delivery,
                place,
                self.hand_back.clone(),
            ));
        }
    }
}
