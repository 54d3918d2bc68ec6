//! One try to send a message.

use std::error::Error;
use std::time::Instant;

use anyhow::Context;
use chrono::Utc;
use metrics::{counter, histogram};
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use scanyard_notification::{OpenTarget, open, render};
use scanyard_store::{Attempt, AttemptOutcome, ClaimedDelivery};
use scanyard_telemetry::name;

use super::DeliverySettings;
use super::attempt::{Answer, judge, read_retry_after};

/// What a receiver may answer; the rest is not read.
const MAX_ANSWER: usize = 16 << 10;
const AGENT: &str = concat!("scanyard/", env!("CARGO_PKG_VERSION"));

/// Sends messages.
pub struct Sender {
    client: Client,
    settings: DeliverySettings,
}

impl Sender {
    /// A sender by these settings.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn new(settings: DeliverySettings) -> anyhow::Result<Self> {
        let client = settings
            .egress
            .client()
            .timeout(settings.timeout)
            .pool_max_idle_per_host(1)
            .build()
            .context("cannot set up connections to receivers")?;
        Ok(Self { client, settings })
    }

    /// Its settings.
    pub fn settings(&self) -> &DeliverySettings {
        &self.settings
    }

    /// Sends a message once; what follows.
    pub async fn attempt(&self, claimed: &ClaimedDelivery) -> Attempt {
        let begun = Instant::now();
        let answer = match self.target_of(claimed) {
            Ok(target) => self.post(claimed, &target).await,
            Err(problem) => Answer::Failed(problem),
        };
        let attempt = judge(&self.settings, claimed, answer);
        let labels = [
            ("form", claimed.form.name()),
            ("outcome", outcome_name(attempt.outcome)),
        ];
        counter!(name::DELIVERIES, &labels).increment(1);
        histogram!(name::DELIVERY_SECONDS).record(begun.elapsed().as_secs_f64());
        attempt
    }

    fn target_of(&self, claimed: &ClaimedDelivery) -> Result<OpenTarget, String> {
        let settings = &self.settings;
        let keys = settings.keys.as_ref().ok_or("there is no sealing key")?;
        let opened = open(keys, claimed.subscription, &claimed.target, settings.egress);
        opened.map_err(|error| chain(&error))
    }

    async fn post(&self, claimed: &ClaimedDelivery, target: &OpenTarget) -> Answer {
        let message = render(
            claimed.form,
            &claimed.id,
            claimed.created_at,
            &claimed.notification,
            &self.settings.links,
        );
        let now = Utc::now();
        let mut request = self
            .client
            .post(target.url.clone())
            .header(CONTENT_TYPE, message.content_type)
            .header(USER_AGENT, AGENT);
        if let Some(secret) = &target.secret {
            let timestamp = now.timestamp();
            let signature = secret.sign(&claimed.id.0, timestamp, &message.body);
            request = request
                .header("webhook-id", &claimed.id.0)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", signature);
        }
        match request.body(message.body).send().await {
            Ok(mut response) => {
                let retry_after = response.headers().get(RETRY_AFTER);
                let retry_after = retry_after
                    .and_then(|value| value.to_str().ok())
                    .and_then(|value| read_retry_after(value, now));
                let status = response.status().as_u16();
                read_rest(&mut response).await;
                Answer::Status {
                    status,
                    retry_after,
                }
            }
            // The address may hold a secret.
            Err(error) => Answer::Failed(chain(&error.without_url())),
        }
    }
}

/// Reads a short answer to its end, so that the connection can be used again. What it says is shown
/// to nobody: who made us send the message is not to read what only this machine may reach.
async fn read_rest(response: &mut reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER {
            return;
        }
    }
}

fn outcome_name(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Delivered => "delivered",
        AttemptOutcome::Retry(_) => "retry",
        AttemptOutcome::GiveUp(_) => "given_up",
        AttemptOutcome::Gone => "gone",
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
