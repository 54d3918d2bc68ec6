//! One delivery, from its message to its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};
use scanyard_protocol::{Job, LayerJob, Message};
use scanyard_queue::{Acknowledge, Delivery, QueueError};
use scanyard_store::{ScanFailure, ScanId, StoreError};
use scanyard_telemetry::{continue_trace, name};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, Span};

use crate::WorkerContext;
use crate::failure::JobError;
use crate::patience::patiently;
use crate::slots::Slot;
use crate::{image_job, layer_job};

/// What the handler of a job has.
pub struct JobContext {
    pub worker: Arc<WorkerContext>,
    /// Cancelled when the job is to be given back.
    pub hand_back: CancellationToken,
    /// The message was never delivered before. One whose work has failed already must have been
    /// redriven.
    pub first_delivery: bool,
}

impl JobContext {
    /// The work, or [`JobError::HandedBack`] when the job is to be given back first.
    pub async fn interruptible<T>(
        &self,
        work: impl Future<Output = Result<T, JobError>>,
    ) -> Result<T, JobError> {
        let outcome = self.hand_back.run_until_cancelled(work).await;
        outcome.unwrap_or(Err(JobError::HandedBack))
    }

    /// See [`patiently`].
    pub async fn patiently<T, F: Future<Output = Result<T, JobError>>>(
        &self,
        attempt: impl FnMut() -> F,
    ) -> Result<T, JobError> {
        patiently(&self.worker.settings, &self.hand_back, attempt).await
    }
}

/// How a delivery ended, for the metric.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Done,
    Retried,
    Failed,
    Buried,
    HandedBack,
}

impl Ending {
    fn name(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::Retried => "retried",
            Ending::Failed => "failed",
            Ending::Buried => "buried",
            Ending::HandedBack => "handed_back",
        }
    }
}

/// Works on a delivery and settles it.
pub async fn run_delivery(
    worker: Arc<WorkerContext>,
    delivery: Delivery,
    place: Slot,
    hand_back: CancellationToken,
) {
    let Delivery {
        message,
        attempt,
        is_last,
        handle,
    } = delivery;
    let labels = [
        ("stage", message.stage.name()),
        ("lane", message.lane.name()),
    ];
    let running = gauge!(name::JOBS_RUNNING, &labels);
    running.increment(1);
    let span = job_span(&message, attempt);
    let settling = async {
        let job = match Job::decode(&message.payload) {
            Ok(job) => job,
            Err(error) => {
                tracing::warn!(%error, "buried a message that is no job");
                settled(handle.bury(&error.to_string()).await);
                return Ending::Buried;
            }
        };
        let context = JobContext {
            worker: Arc::clone(&worker),
            hand_back,
            first_delivery: attempt <= 1,
        };
        let outcome = work(context, &job, handle.as_ref()).await;
        settle(&worker, &job, outcome, handle, attempt, is_last).await
    };
    let ending = settling.instrument(span).await;
    running.decrement(1);
    let [stage, lane] = labels;
    counter!(name::JOBS, &[stage, lane, ("outcome", ending.name())]).increment(1);
    drop(place);
}

/// The job's part of the trace that began with somebody's request.
fn job_span(message: &Message, attempt: u32) -> Span {
    let (stage, lane) = (message.stage.name(), message.lane.name());
    let span = tracing::info_span!("job", id = %message.id, stage, lane, attempt);
    if let Some(traceparent) = &message.traceparent {
        continue_trace(&span, traceparent);
    }
    span
}

/// Gives a delivery back that came after the stop.
pub async fn hand_back_unopened(delivery: Delivery) {
    hand_back_delivery(delivery.handle, delivery.is_last).await;
}

/// Runs the job's handler in a task of its own, whose panic is its own, with signs of life to the
/// queue.
async fn work(context: JobContext, job: &Job, handle: &dyn Acknowledge) -> Result<(), JobError> {
    let interval = context.worker.settings.heartbeat;
    let handler = handler(context, job.clone()).in_current_span();
    let mut task = AbortOnDropHandle::new(tokio::spawn(handler));
    tokio::select! {
        ended = &mut task => ended.unwrap_or_else(|error| Err(JobError::of_task(&error))),
        never = keep_alive(handle, interval) => match never {},
    }
}

async fn handler(context: JobContext, job: Job) -> Result<(), JobError> {
    match &job {
        Job::Image(job) => context.patiently(|| image_job::run(&context, job)).await,
        Job::Layer(job) => context.patiently(|| layer_job::run(&context, job)).await,
    }
}

async fn keep_alive(handle: &dyn Acknowledge, interval: Duration) -> Infallible {
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = handle.progress().await {
            // What the job writes is guarded by its lease, so it may go on.
            tracing::debug!(%error, "the queue did not take a sign of life");
        }
    }
}

async fn settle(
    worker: &WorkerContext,
    job: &Job,
    outcome: Result<(), JobError>,
    handle: Box<dyn Acknowledge>,
    attempt: u32,
    is_last: bool,
) -> Ending {
    let error = match outcome {
        Ok(()) => {
            settled(handle.ack().await);
            return Ending::Done;
        }
        Err(error) => error,
    };
    let Some((failure, wait)) = error.into_failure() else {
        hand_back_delivery(handle, is_last).await;
        return Ending::HandedBack;
    };
    let labels = [
        ("stage", job.stage().name().to_owned()),
        ("code", failure.code.clone()),
    ];
    counter!(name::FAILURES, &labels).increment(1);
    let reason = format!("{}: {}", failure.code, failure.message);
    let delay = worker.settings.retry.after(attempt, wait);
    if failure.retryable && !is_last {
        tracing::info!(%reason, ?delay, "a job failed and will be tried again");
        settled(handle.nak(delay, &reason).await);
        return Ending::Retried;
    }
    if let Err(error) = end_failed(worker, job, &failure).await {
        // Nothing may be acknowledged that is not told to the scan's owner. A last delivery becomes
        // a dead letter now, whose scan the reaper finds.
        tracing::error!(%error, %reason, "a failure could not be stored");
        settled(handle.nak(delay, &reason).await);
        return Ending::Retried;
    }
    tracing::warn!(%reason, attempt, "a job failed for good");
    if failure.retryable {
        settled(handle.bury(&reason).await);
        return Ending::Buried;
    }
    settled(handle.ack().await);
    Ending::Failed
}

/// Ends what depends on the job.
async fn end_failed(
    worker: &WorkerContext,
    job: &Job,
    failure: &ScanFailure,
) -> Result<(), StoreError> {
    match job {
        Job::Image(job) => {
            let scan = ScanId(job.scan_id);
            worker.store.fail_scan(scan, failure).await?;
        }
        Job::Layer(LayerJob {
            layer,
            cataloger_set,
            ..
        }) => {
            worker.store.fail_layer(*layer, cataloger_set).await?;
            worker
                .store
                .fail_scans_of_layer(*layer, cataloger_set, failure)
                .await?;
        }
    }
    Ok(())
}

/// Lets others take over at once. A nak of the last delivery would bury a job that did not fail;
/// acknowledged instead, it is brought back by the scheduler's reaper, because the store knows that
/// it is wanted.
async fn hand_back_delivery(handle: Box<dyn Acknowledge>, is_last: bool) {
    settled(if is_last {
        handle.ack().await
    } else {
        handle.nak(Duration::ZERO, "the worker stopped").await
    });
}

/// A delivery that cannot be settled comes again and finds its work done.
fn settled(outcome: Result<(), QueueError>) {
    match outcome {
        Ok(()) => {}
        Err(QueueError::Expired) => tracing::debug!("the delivery belongs to another worker now"),
        Err(error) => tracing::warn!(%error, "a delivery could not be settled"),
    }
}
