//! One thing that has to happen again and again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use scanyard_telemetry::name;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// What one round left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Another round finds more to do at once.
    MoreToDo,
    /// There is nothing to do until the timer or a signal.
    Idle,
}

/// Brings some state closer to what it should be. Takes no input, so that no signal is needed for
/// it to be right; signals only make it sooner.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;

    /// How long it may sleep without a signal.
    fn interval(&self) -> Duration;

    /// Longest wait after rounds that failed.
    fn longest_retry(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// One bounded piece of work. May be dropped half-way.
    async fn reconcile(&self) -> anyhow::Result<Round>;

    /// Returns when a round may be worth it before the timer.
    async fn woken(&self) {
        std::future::pending().await
    }
}

/// Runs rounds until the token is cancelled. Neither an error nor a panic ends it.
pub async fn run_reconciler(reconciler: Arc<dyn Reconciler>, stop: CancellationToken) {
    let mut failures = Failures::default();
    while let Some(outcome) = stop.run_until_cancelled(round(&reconciler)).await {
        let wait = match outcome {
            Ok(round) => {
                failures.ended(reconciler.name());
                if round == Round::MoreToDo {
                    tokio::task::yield_now().await;
                    continue;
                }
                let sleep = tokio::time::sleep(reconciler.interval());
                let signal = async {
                    tokio::select! {
                        () = sleep => {}
                        () = reconciler.woken() => {}
                    }
                };
                stop.run_until_cancelled(signal).await;
                continue;
            }
            Err(error) => failures.another(reconciler.as_ref(), &error),
        };
        stop.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
}

/// A round in a task of its own, so that its panic is its own.
async fn round(reconciler: &Arc<dyn Reconciler>) -> anyhow::Result<Round> {
    let reconciler = Arc::clone(reconciler);
    let labels = ("reconciler", reconciler.name());
    let task = tokio::spawn(async move { reconciler.reconcile().await });
    let outcome = AbortOnDropHandle::new(task)
        .await
        .unwrap_or_else(|error| Err(error.into()));
    let outcome_label = ("outcome", if outcome.is_ok() { "ok" } else { "failed" });
    counter!(name::RECONCILER_ROUNDS, &[labels, outcome_label]).increment(1);
    outcome
}

/// Failures in a row, each kind of which is logged once.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    logged: String,
}

impl Failures {
    /// How long to wait after one more.
    fn another(&mut self, reconciler: &dyn Reconciler, error: &anyhow::Error) -> Duration {
        let text = format!("{error:#}");
        if self.logged != text {
            tracing::warn!(reconciler = reconciler.name(), error = %text, "a reconciler failed and will try again");
            self.logged = text;
        }
        let wait = Duration::from_millis(500).saturating_mul(1 << self.count.min(16));
        self.count += 1;
        wait.min(reconciler.longest_retry())
    }

    fn ended(&mut self, reconciler: &str) {
        if self.count > 0 {
            tracing::info!(
                reconciler,
                failures = self.count,
                "a reconciler works again"
            );
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    /// Fails, panics, then works; tells when it was idle.
    #[derive(Default)]
    struct Moody {
        rounds: AtomicU32,
        idle: Notify,
        signal: Notify,
        longest_retry: Duration,
    }

    #[async_trait]
    impl Reconciler for Moody {
        fn name(&self) -> &'static str {
            "moody"
        }

        fn interval(&self) -> Duration {
            Duration::from_secs(3600)
        }

        fn longest_retry(&self) -> Duration {
            self.longest_retry
        }

        async fn reconcile(&self) -> anyhow::Result<Round> {
            match self.rounds.fetch_add(1, Ordering::SeqCst) {
                0 => anyhow::bail!("not today"),
                1 => panic!("never"),
                2 => Ok(Round::MoreToDo),
                _ => {
                    self.idle.notify_one();
                    Ok(Round::Idle)
                }
            }
        }

        async fn woken(&self) {
            self.signal.notified().await;
        }
    }

    #[tokio::test]
    async fn neither_errors_nor_panics_end_a_reconciler_and_signals_wake_it() {
        let moody = Arc::new(Moody::default());
        let stop = CancellationToken::new();
        let running = tokio::spawn(run_reconciler(moody.clone(), stop.clone()));
        moody.idle.notified().await;
        assert_eq!(moody.rounds.load(Ordering::SeqCst), 4);
        moody.signal.notify_one();
        moody.idle.notified().await;
        assert_eq!(moody.rounds.load(Ordering::SeqCst), 5);
        stop.cancel();
        running.await.unwrap();
    }

    #[test]
    fn waits_grow_up_to_their_bound() {
        let moody = Moody {
            longest_retry: Duration::from_secs(60),
            ..Moody::default()
        };
        let mut failures = Failures::default();
        let error = anyhow::anyhow!("down");
        let waits: Vec<_> = (0..9)
            .map(|_| failures.another(&moody, &error).as_millis())
            .collect();
        assert_eq!(waits[..4], [500, 1000, 2000, 4000]);
        assert_eq!(waits[8], 60_000);
    }
}
