//! The port that both adapters implement.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_protocol::{Lane, Message, Stage};

use crate::QueueError;

/// Bounds on deliveries, the same for both adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A delivery that is neither settled nor extended for this long goes to another worker.
    pub ack_wait: Duration,
    /// Deliveries of one message before it becomes a dead letter.
    pub max_deliveries: u32,
    /// How long message ids are remembered against repeated publishing.
    pub duplicate_window: Duration,
    /// Dead letters that are kept; the oldest go first.
    pub max_dead_letters: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ack_wait: Duration::from_secs(30),
            max_deliveries: 5,
            duplicate_window: Duration::from_secs(120),
            max_dead_letters: 100_000,
        }
    }
}

/// A durable work queue with lanes and stages.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Takes messages durably. Those whose id was taken within the duplicate window change
    /// nothing.
    async fn publish(&self, messages: &[Message]) -> Result<(), QueueError>;

    /// Up to `max` deliveries of a lane and stage; empty when none came within `wait`.
    async fn fetch(
        &self,
        lane: Lane,
        stage: Stage,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError>;

    /// Messages waiting and in flight, for each lane and stage.
    async fn depths(&self) -> Result<Vec<LaneDepth>, QueueError>;

    /// Dead letters, the newest first, from after the id `filter.after` on.
    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError>;

    /// One dead letter.
    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError>;

    /// Publishes a dead letter's message again and drops the letter; false when there is none.
    async fn redrive(&self, id: &str) -> Result<bool, QueueError>;

    /// Drops a dead letter; false when there is none.
    async fn drop_dead_letter(&self, id: &str) -> Result<bool, QueueError>;

    /// Answers when the queue can be used.
    async fn check(&self) -> Result<(), QueueError>;
}

/// A message given to one worker for a while.
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Which delivery of the message this is, from 1.
    pub attempt: u32,
    /// Whether the queue delivers no further one.
    pub is_last: bool,
    /// How to settle it.
    pub handle: Box<dyn Acknowledge>,
}

/// Settles one delivery. Dropping it unsettled means redelivery after the ack wait.
#[async_trait]
pub trait Acknowledge: Send + Sync {
    /// The work is done and committed.
    async fn ack(self: Box<Self>) -> Result<(), QueueError>;

    /// Asks for another delivery after a delay. One that was the last becomes a dead letter with
    /// this reason.
    async fn nak(self: Box<Self>, delay: Duration, reason: &str) -> Result<(), QueueError>;

    /// No further delivery can help: to the dead letters.
    async fn bury(self: Box<Self>, reason: &str) -> Result<(), QueueError>;

    /// The work goes on: the ack wait starts again.
    async fn progress(&self) -> Result<(), QueueError>;
}

/// How full one lane of one stage is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneDepth {
    /// The lane.
    pub lane: Lane,
    /// The stage.
    pub stage: Stage,
    /// Messages that wait for a worker.
    pub waiting: u64,
    /// Messages that a worker holds. JetStream counts those here whose delay after a nak runs.
    pub in_flight: u64,
    /// Publication time of the oldest message that waits.
    pub oldest: Option<DateTime<Utc>>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names the letter; later ones have greater ids.
    pub id: String,
    /// The message as it was published.
    pub message: Message,
    /// Why it was given up, as the last worker said.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// When it was first published.
    pub published_at: DateTime<Utc>,
    /// When it was given up.
    pub died_at: DateTime<Utc>,
}

/// Which dead letters to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Only those of this stage.
    pub stage: Option<Stage>,
    /// Those older than the letter of this id.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}
