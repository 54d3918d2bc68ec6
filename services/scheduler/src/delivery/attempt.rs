//! What follows a try.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, Utc};
use scanyard_store::{Attempt, AttemptOutcome, ClaimedDelivery, Notification};

use super::DeliverySettings;

/// The longest wait that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);
/// Doublings after which the wait is the longest anyway.
const DOUBLINGS: u32 = 20;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered.
    Status {
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It did not, or was not asked.
    Failed(String),
}

/// Judges a try by its answer.
pub fn judge(settings: &DeliverySettings, claimed: &ClaimedDelivery, answer: Answer) -> Attempt {
    let (status, retry_after, problem) = match answer {
        Answer::Status { status, .. } if (200..300).contains(&status) => {
            return Attempt {
                outcome: AttemptOutcome::Delivered,
                status: Some(status),
                problem: None,
            };
        }
        Answer::Status { status: 410, .. } => {
            return Attempt {
                outcome: AttemptOutcome::Gone,
                status: Some(410),
                problem: Some("the receiver is gone for good".to_owned()),
            };
        }
        Answer::Status {
            status,
            retry_after,
        } => (Some(status), retry_after, refusal(status)),
        Answer::Failed(problem) => (None, None, problem),
    };
    let wait = wait_after(settings, claimed.failures)
        .max(retry_after.unwrap_or_default().min(LONGEST_ASKED));
    let is_last = claimed.tries >= settings.max_tries || claimed.notification == Notification::Test;
    Attempt {
        outcome: match is_last {
            true => AttemptOutcome::GiveUp(wait),
            false => AttemptOutcome::Retry(wait),
        },
        status,
        problem: Some(problem),
    }
}

fn refusal(status: u16) -> String {
    match status {
        300..400 => format!("the receiver answered {status}; redirects are not followed"),
        429 => "the receiver answered 429: too many messages".to_owned(),
        _ => format!("the receiver answered {status}"),
    }
}

/// Twice as long after each failure, up to twice of that drawn at random, so that receivers that
/// failed together are not tried together.
fn wait_after(settings: &DeliverySettings, failures: u32) -> Duration {
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(settings.first_wait)
        .with_max_delay(settings.longest_wait)
        .without_max_times()
        .with_jitter()
        .build();
    let wait = waits.nth(failures.min(DOUBLINGS) as usize);
    wait.unwrap_or(settings.longest_wait)
        .min(settings.longest_wait)
}

/// How long a `Retry-After` asks to wait: seconds or a date.
pub fn read_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some(
        (date.with_timezone(&Utc) - now)
            .to_std()
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_store::{DeliveryId, MessageForm, SubscriptionId, Target};
    use uuid::Uuid;

    fn claimed(tries: u32, failures: u32) -> ClaimedDelivery {
        ClaimedDelivery {
            id: DeliveryId("d".to_owned()),
            subscription: SubscriptionId(Uuid::nil()),
            tries,
            failures,
            created_at: DateTime::UNIX_EPOCH,
            form: MessageForm::Slack,
            target: Target {
                address: String::new(),
                sealed_by: String::new(),
                sealed: Vec::new(),
            },
            notification: Notification::Changes(scanyard_store::ChangeNotice {
                kind: scanyard_store::ChangeKind::New,
                vulnerability: "CVE-1".to_owned(),
                revision: 1,
                at: DateTime::UNIX_EPOCH,
                severity: scanyard_package::Severity::High,
                known_exploited: false,
                fixable: false,
                images: scanyard_store::ImageCount::Exactly(1),
                packages: scanyard_store::ImageCount::Exactly(1),
                examples: Vec::new(),
            }),
        }
    }

    fn answered(status: u16, seconds: u64) -> Answer {
        Answer::Status {
            status,
            retry_after: (seconds > 0).then(|| Duration::from_secs(seconds)),
        }
    }

    fn outcome(tries: u32, failures: u32, answer: Answer) -> AttemptOutcome {
        judge(
            &DeliverySettings::default(),
            &claimed(tries, failures),
            answer,
        )
        .outcome
    }

    #[test]
    fn an_answer_decides_what_follows() {
        for status in [200, 202, 204] {
            assert_eq!(
                outcome(1, 0, answered(status, 0)),
                AttemptOutcome::Delivered
            );
        }
        assert_eq!(outcome(1, 0, answered(410, 0)), AttemptOutcome::Gone);
        for status in [302, 400, 401, 404, 429, 500, 503] {
            let after = outcome(1, 0, answered(status, 0));
            assert!(matches!(after, AttemptOutcome::Retry(_)), "{status}");
            let last = outcome(12, 0, answered(status, 0));
            assert!(matches!(last, AttemptOutcome::GiveUp(_)), "{status}");
        }
        let unreachable = outcome(1, 0, Answer::Failed("no route".to_owned()));
        assert!(matches!(unreachable, AttemptOutcome::Retry(_)));
    }

    #[test]
    fn waits_grow_are_drawn_and_have_a_bound() {
        let wait = |failures| wait_after(&DeliverySettings::default(), failures).as_secs_f64();
        assert!((5.0..=10.0).contains(&wait(0)));
        assert!((40.0..=80.0).contains(&wait(3)));
        assert_eq!(wait(1_000_000), 3600.0);
        let drawn: std::collections::BTreeSet<_> = (0..20).map(|_| wait(0).to_bits()).collect();
        assert!(drawn.len() > 1);
    }

    #[test]
    fn a_receiver_may_ask_for_time() {
        let AttemptOutcome::Retry(wait) = outcome(1, 0, answered(429, 120)) else {
            panic!("no retry");
        };
        assert_eq!(wait.as_secs(), 120);
        let AttemptOutcome::Retry(wait) = outcome(1, 0, answered(503, u64::MAX)) else {
            panic!("no retry");
        };
        assert_eq!(wait, LONGEST_ASKED);
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap();
        let read = |value| read_retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(read("7"), Some(7));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(read("Sun, 06 Nov 1993 08:50:37 GMT"), None);
        assert_eq!(read("Sat, 06 Nov 1993 08:50:37 GMT"), Some(0));
        assert_eq!(read("soon"), None);
    }
}
