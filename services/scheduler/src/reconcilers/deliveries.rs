//! Sends messages to their receivers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use scanyard_store::{AttemptOutcome, DueSubscription, Store, SubscriptionId};
use tokio::sync::{Notify, OnceCell};
use tokio::task::{Id, JoinSet};

use crate::delivery::{DeliverySettings, Sender};
use crate::{Reconciler, Round};

/// Messages that a receiver gets before others have their turn.
const IN_A_ROW: u32 = 100;

/// Sends what is due, to each receiver one message after another and to many receivers at the same
/// time. A round only begins work: a receiver that is slow keeps nobody waiting but itself, and those
/// that did not work the last time share a part of the places.
pub struct DeliverySender {
    store: Arc<dyn Store>,
    settings: DeliverySettings,
    sender: OnceCell<Arc<Sender>>,
    made: Arc<Notify>,
    running: Mutex<Running>,
}

/// Whom it sends to now. Dropping it ends that.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    receivers: HashMap<Id, DueSubscription>,
}

impl DeliverySender {
    pub fn new(store: Arc<dyn Store>, settings: DeliverySettings, made: Arc<Notify>) -> Self {
        Self {
            store,
            settings,
            sender: OnceCell::new(),
            made,
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, due: DueSubscription, sender: &Arc<Sender>) {
        let receiver = Receiver {
            store: Arc::clone(&self.store),
            sender: Arc::clone(sender),
            subscription: due.id,
            ended: Arc::clone(&self.made),
        };
        let mut running = self.running();
        let id = running.tasks.spawn(receiver.serve()).id();
        running.receivers.insert(id, due);
    }
}

#[async_trait]
impl Reconciler for DeliverySender {
    fn name(&self) -> &'static str {
        "deliveries"
    }

    fn interval(&self) -> Duration {
        self.settings.interval
    }

    fn longest_retry(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let sender = async || Sender::new(self.settings.clone()).map(Arc::new);
        let sender = self.sender.get_or_try_init(sender).await?;
        let busy = self.running().busy();
        let free = self
            .settings
            .max_receivers
            .saturating_sub(busy.len() as u32);
        if free == 0 {
            return Ok(Round::Idle);
        }
        for due in self.store.due_subscriptions(&busy, free).await? {
            if !due.failing || self.running().failing() < self.settings.max_failing {
                self.begin(due, sender);
            }
        }
        Ok(Round::Idle)
    }

    async fn woken(&self) {
        self.made.notified().await;
    }
}

impl Running {
    /// Whom it sends to now, without those that are done.
    fn busy(&mut self) -> Vec<SubscriptionId> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            let id = match ended {
                Ok((id, ())) => id,
                Err(error) => {
                    tracing::error!(%error, "sending to a receiver broke off");
                    error.id()
                }
            };
            self.receivers.remove(&id);
        }
        self.receivers.values().map(|due| due.id).collect()
    }

    fn failing(&self) -> u32 {
        let failing = self.receivers.values().filter(|due| due.failing);
        failing.count() as u32
    }
}

/// Work for one receiver.
struct Receiver {
    store: Arc<dyn Store>,
    sender: Arc<Sender>,
    subscription: SubscriptionId,
    ended: Arc<Notify>,
}

impl Receiver {
    async fn serve(self) {
        if let Err(error) = self.send_all().await {
            tracing::warn!(subscription = %self.subscription.0, error = %format!("{error:#}"),
                "messages wait because the store does not answer");
        }
        self.ended.notify_one();
    }

    /// Sends one after another until one fails, none is left or others have their turn.
    async fn send_all(&self) -> anyhow::Result<()> {
        let lease = self.sender.settings().lease;
        for _ in 0..IN_A_ROW {
            let claimed = self.store.claim_delivery(self.subscription, lease).await?;
            let Some(claimed) = claimed else {
                return Ok(());
            };
            let attempt = self.sender.attempt(&claimed).await;
            if let Some(problem) = &attempt.problem {
                tracing::info!(subscription = %self.subscription.0, delivery = claimed.id.0,
                    tries = claimed.tries, problem, "a message was not delivered");
            }
            self.store.end_attempt(&claimed, &attempt).await?;
            if attempt.outcome != AttemptOutcome::Delivered {
                return Ok(());
            }
        }
        Ok(())
    }
}
