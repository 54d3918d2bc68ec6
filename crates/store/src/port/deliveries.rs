//! Deliveries: messages to receivers, from the changes that they tell of to their end.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scanyard_package::Severity;

use super::{ChangeId, ChangeKind, ImageCount, MessageForm, SubscriptionId, Target, UnknownWord};
use crate::error::Result;

/// Names a message. It is made of what the message tells, and the same whenever it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub String);

/// How far a message has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent, perhaps again.
    Waiting,
    /// Its receiver took it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    const ALL: [DeliveryState; 3] = [
        DeliveryState::Waiting,
        DeliveryState::Delivered,
        DeliveryState::Dead,
    ];

    /// The stored word.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|state| state.name() == word);
        known.ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Nothing: it tries the way out.
    Test,
    /// That a revision changed something.
    Changes(ChangeNotice),
}

/// All that a revision changed about a vulnerability in one way, in however many packages and images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeNotice {
    /// What became of the findings.
    pub kind: ChangeKind,
    /// The vulnerability.
    pub vulnerability: String,
    /// The advisory revision.
    pub revision: i64,
    /// When it became known.
    pub at: DateTime<Utc>,
    /// The worst severity of the findings.
    pub severity: Severity,
    /// Whether it is known to be exploited.
    pub known_exploited: bool,
    /// Whether a fixed version is known, of any of the packages.
    pub fixable: bool,
    /// The tenant's images that it concerns.
    pub images: ImageCount,
    /// The packages that it concerns.
    pub packages: ImageCount,
    /// Some of them, the worst first.
    pub examples: Vec<NoticedPackage>,
}

/// A package in a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticedPackage {
    /// The change that is told of.
    pub change: ChangeId,
    /// Its purl.
    pub package: String,
    /// The finding's severity.
    pub severity: Severity,
    /// The severity before, where that is another.
    pub severity_before: Option<Severity>,
    /// Versions without the flaw.
    pub fixed_versions: Vec<String>,
}

/// A message and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// What it says.
    pub notification: Notification,
    /// How far it has got.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, at the earliest, while it waits.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// The HTTP status that the receiver answered the last try with.
    pub status: Option<u16>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// A subscription that has messages to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueSubscription {
    /// Which.
    pub id: SubscriptionId,
    /// Whether its last try failed.
    pub failing: bool,
}

/// A message that is to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose it is.
    pub subscription: SubscriptionId,
    /// Which try this is.
    pub tries: u32,
    /// How often sending to this receiver failed since it last worked.
    pub failures: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What it looks like.
    pub form: MessageForm,
    /// Where it goes.
    pub target: Target,
    /// What it says.
    pub notification: Notification,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What follows.
    pub outcome: AttemptOutcome,
    /// The HTTP status that the receiver answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It is delivered.
    Delivered,
    /// It is tried again, and nothing else is sent there, after this time.
    Retry(Duration),
    /// It is given up, and nothing else is sent there for this time.
    GiveUp(Duration),
    /// It is given up, and the receiver is gone for good.
    Gone,
}

/// How much waits in all subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryDepth {
    /// Messages that wait, counted up to a bound.
    pub waiting: u64,
    /// Messages that were given up, counted up to a bound.
    pub dead: u64,
}

/// What the scheduler does with messages.
#[async_trait]
pub trait Deliveries: Send + Sync + 'static {
    /// Makes messages of the changes that one subscription was not told of yet, a bounded number,
    /// and remembers up to where in the same transaction; whether there may be more to make, for it
    /// or another. A subscription with many messages waiting makes no more until they are sent.
    async fn make_deliveries(&self) -> Result<bool>;

    /// Subscriptions with messages that are due, those that work first. Not those that are busy.
    async fn due_subscriptions(
        &self,
        busy: &[SubscriptionId],
        limit: u32,
    ) -> Result<Vec<DueSubscription>>;

    /// Takes the next message of a subscription that is due. Unless its end is told within the
    /// lease, it is due again.
    async fn claim_delivery(
        &self,
        subscription: SubscriptionId,
        lease: Duration,
    ) -> Result<Option<ClaimedDelivery>>;

    /// Tells what came of a try. Nothing happens when the message was taken by another since.
    async fn end_attempt(&self, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<()>;

    /// Forgets messages that ended longer ago than this, at most `limit`; how many.
    async fn prune_deliveries(&self, older_than: Duration, limit: u32) -> Result<u64>;

    /// How much waits.
    async fn delivery_depth(&self) -> Result<DeliveryDepth>;
}
