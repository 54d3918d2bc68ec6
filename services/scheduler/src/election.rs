//! One scheduler leads. The store is the arbiter; this is the candidate.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use scanyard_store::{Leadership, StoreError};
use scanyard_telemetry::name;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ElectionSettings;

/// What is led.
const ROLE: &str = "scheduler";
/// Longest wait for a resignation to be stored; the lease ends anyway.
const RESIGN: Duration = Duration::from_secs(2);

/// Stands for election until it is stopped.
pub struct Candidate {
    pub arbiter: Arc<dyn Leadership>,
    /// Names this process's life.
    pub holder: Uuid,
    pub settings: ElectionSettings,
}

impl Candidate {
    /// Runs `lead` whenever this process leads, each time with a token that is cancelled when it no
    /// longer does. Resigns at the stop, so that the next need not wait for the lease to end.
    pub async fn run<F>(&self, stop: CancellationToken, lead: impl Fn(CancellationToken) -> F)
    where
        F: Future<Output = ()>,
    {
        gauge!(name::LEADING).set(0.0);
        while !stop.is_cancelled() {
            if let Some(until) = self.take(&stop).await {
                let term = stop.child_token();
                self.serve_term(until, &stop, &term, lead(term.clone()))
                    .await;
            }
        }
    }

    /// Tries to take leadership once; waits when it is somebody else's. The time until which it
    /// counts.
    async fn take(&self, stop: &CancellationToken) -> Option<Instant> {
        let until = self.end_of_lease();
        match timeout_at(until, self.try_lead()).await {
            Ok(Ok(true)) => return Some(until),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => log(&error, "no leader can be elected"),
            Err(_) => tracing::warn!("no leader can be elected: the store does not answer"),
        }
        let wait = tokio::time::sleep(self.settings.heartbeat);
        stop.run_until_cancelled(wait).await;
        None
    }

    async fn serve_term(
        &self,
        until: Instant,
        stop: &CancellationToken,
        term: &CancellationToken,
        leading: impl Future<Output = ()>,
    ) {
        tracing::info!("leads");
        gauge!(name::LEADING).set(1.0);
        let keeping = async {
            self.keep(until, stop).await;
            term.cancel();
        };
        tokio::join!(keeping, leading);
        gauge!(name::LEADING).set(0.0);
        if stop.is_cancelled() {
            let resigning = self.arbiter.resign(ROLE, self.holder);
            if !matches!(timeout(RESIGN, resigning).await, Ok(Ok(()))) {
                tracing::warn!("could not resign; others wait for the lease to end");
            }
        } else {
            tracing::warn!("leads no longer");
        }
    }

    /// Renews leadership until it is lost or given up. An arbiter that does not answer is asked
    /// again while the lease lasts.
    async fn keep(&self, mut until: Instant, stop: &CancellationToken) {
        loop {
            let wait = sleep_until(until.min(Instant::now() + self.settings.heartbeat));
            if stop.run_until_cancelled(wait).await.is_none() {
                return;
            }
            let next = self.end_of_lease();
            match timeout_at(until, self.try_lead()).await {
                Ok(Ok(true)) => until = next,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => log(&error, "leadership could not be renewed"),
            }
            // An arbiter that answers with errors is as far away as one that does not answer.
            if Instant::now() >= until {
                return;
            }
        }
    }

    async fn try_lead(&self) -> Result<bool, StoreError> {
        let lease = self.settings.lease;
        self.arbiter.try_lead(ROLE, self.holder, lease).await
    }

    /// Counted from before the question and one heartbeat short, so that we are out before the
    /// arbiter lets another in.
    fn end_of_lease(&self) -> Instant {
        Instant::now() + self.settings.lease.saturating_sub(self.settings.heartbeat)
    }
}

fn log(error: &StoreError, what: &str) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::sync::Mutex;
    use tokio::sync::watch;

    /// Keeps leases by the paused clock; can be cut off.
    #[derive(Default)]
    struct Arbiter(Mutex<(Option<(Uuid, Instant)>, bool)>);

    #[async_trait]
    impl Leadership for Arbiter {
        async fn try_lead(
            &self,
            _: &str,
            holder: Uuid,
            lease: Duration,
        ) -> Result<bool, StoreError> {
            let (leader, is_cut) = &mut *self.0.lock().unwrap();
            if *is_cut {
                return Err(StoreError::Unavailable("cut".into()));
            }
            let now = Instant::now();
            if leader.is_some_and(|(other, until)| other != holder && until > now) {
                return Ok(false);
            }
            *leader = Some((holder, now + lease));
            Ok(true)
        }

        async fn resign(&self, _: &str, holder: Uuid) -> Result<(), StoreError> {
            let leader = &mut self.0.lock().unwrap().0;
            leader.take_if(|(other, _)| *other == holder);
            Ok(())
        }
    }

    /// A candidate at work, with whether it leads.
    fn stand(arbiter: &Arc<Arbiter>, stop: &CancellationToken) -> watch::Receiver<bool> {
        let (leading, seen) = watch::channel(false);
        let candidate = Candidate {
            arbiter: arbiter.clone(),
            holder: Uuid::new_v4(),
            settings: ElectionSettings::default(),
        };
        let stop = stop.clone();
        tokio::spawn(async move {
            let lead = |term: CancellationToken| {
                let leading = &leading;
                async move {
                    leading.send_replace(true);
                    term.cancelled().await;
                    leading.send_replace(false);
                }
            };
            candidate.run(stop, lead).await;
        });
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn one_leads_and_another_takes_over_when_it_stops() {
        let arbiter = Arc::new(Arbiter::default());
        let (stop_first, stop_second) = (CancellationToken::new(), CancellationToken::new());
        let mut first = stand(&arbiter, &stop_first);
        first.wait_for(|leads| *leads).await.unwrap();
        let mut second = stand(&arbiter, &stop_second);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(*first.borrow() && !*second.borrow());
        let stopped = Instant::now();
        stop_first.cancel();
        second.wait_for(|leads| *leads).await.unwrap();
        assert!(stopped.elapsed() <= ElectionSettings::default().heartbeat);
        assert!(!*first.borrow());
        stop_second.cancel();
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_cannot_renew_is_out_before_its_lease_ends() {
        let arbiter = Arc::new(Arbiter::default());
        let stop = CancellationToken::new();
        let mut leads = stand(&arbiter, &stop);
        leads.wait_for(|leads| *leads).await.unwrap();
        arbiter.0.lock().unwrap().1 = true;
        leads.wait_for(|leads| !*leads).await.unwrap();
        let (_, until) = arbiter.0.lock().unwrap().0.unwrap();
        assert!(Instant::now() < until);
        arbiter.0.lock().unwrap().1 = false;
        leads.wait_for(|leads| *leads).await.unwrap();
        stop.cancel();
    }
}
