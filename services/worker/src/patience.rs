//! Waiting for a store that does not answer.

use scanyard_store::StoreError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::WorkerSettings;
use crate::failure::JobError;

/// Tries again while the store is unavailable: an outage is no fault of the job, whose deliveries
/// are counted. Ends when patience does, or when the job is to be handed back.
pub async fn patiently<T, F: Future<Output = Result<T, JobError>>>(
    settings: &WorkerSettings,
    hand_back: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Result<T, JobError> {
    let deadline = Instant::now() + settings.store_patience;
    let mut failures = 0;
    loop {
        let error = match attempt().await {
            Err(JobError::Store(error)) if error.is_retryable() => error,
            outcome => return outcome,
        };
        failures += 1;
        if failures == 1 {
            log(&error);
        }
        let wait = settings.retry.after(failures, None);
        if Instant::now() + wait > deadline {
            return Err(error.into());
        }
        let waited = hand_back.run_until_cancelled(tokio::time::sleep(wait));
        if waited.await.is_none() {
            return Err(JobError::HandedBack);
        }
    }
}

fn log(error: &StoreError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "a job waits for the store");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backoff;
    use std::cell::Cell;
    use std::time::Duration;

    fn settings() -> WorkerSettings {
        WorkerSettings {
            retry: Backoff {
                first: Duration::from_micros(10),
                longest: Duration::from_micros(20),
            },
            ..WorkerSettings::default()
        }
    }

    fn unavailable() -> JobError {
        JobError::Store(StoreError::Unavailable("down".into()))
    }

    #[tokio::test]
    async fn an_outage_is_waited_out() {
        let (settings, stop) = (settings(), CancellationToken::new());
        let calls = Cell::new(0);
        let attempt = || async {
            calls.set(calls.get() + 1);
            match calls.get() {
                5 => Ok("stored"),
                _ => Err(unavailable()),
            }
        };
        let outcome = patiently(&settings, &stop, attempt).await;
        assert!(matches!(outcome, Ok("stored")));
    }

    #[tokio::test]
    async fn patience_ends() {
        let settings = WorkerSettings {
            store_patience: Duration::from_millis(1),
            ..settings()
        };
        let stop = CancellationToken::new();
        let outcome = patiently(&settings, &stop, || async { Err::<(), _>(unavailable()) }).await;
        assert!(matches!(outcome, Err(JobError::Store(_))));
    }

    #[tokio::test]
    async fn a_stopping_worker_does_not_wait() {
        let settings = settings();
        let stop = CancellationToken::new();
        stop.cancel();
        let outcome = patiently(&settings, &stop, || async { Err::<(), _>(unavailable()) }).await;
        assert!(matches!(outcome, Err(JobError::HandedBack)));
    }
}
