//! How a message and a dead letter lie in NATS: the job as payload, the rest in headers, lane and
//! stage in the subject.

use async_nats::HeaderMap;
use async_nats::header::{HeaderValue, NATS_MESSAGE_ID};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use chrono::{DateTime, SecondsFormat, Utc};
use scanyard_protocol::Message;

use super::names::stage_and_lane;
use crate::{DeadLetter, QueueError};

/// The id that the message was published under first. `Nats-Msg-Id` is another one when a dead
/// letter is published again.
const MESSAGE_ID: &str = "Scanyard-Message-Id";
const TRACEPARENT: &str = "traceparent";
const REASON: &str = "Scanyard-Reason";
const ATTEMPTS: &str = "Scanyard-Attempts";
const PUBLISHED_AT: &str = "Scanyard-Published-At";

/// Longest reason that is kept.
const MAX_REASON: usize = 4096;

/// What the sender asks NATS to take once.
pub(super) fn publication(
    message: &Message,
    deduplication_id: &str,
) -> Result<PublishMessage, QueueError> {
    Ok(PublishMessage::build()
        .payload(message.payload.clone().into())
        .headers(headers(message, deduplication_id)?))
}

/// Why and when a message was given up.
pub(super) struct Death<'a> {
    pub(super) reason: &'a str,
    pub(super) attempts: u32,
    pub(super) published_at: DateTime<Utc>,
}

/// The dead letter of a message.
pub(super) fn obituary(
    message: &Message,
    deduplication_id: &str,
    death: &Death<'_>,
) -> Result<PublishMessage, QueueError> {
    let mut headers = headers(message, deduplication_id)?;
    headers.insert(REASON, value(&one_line(death.reason))?);
    headers.insert(ATTEMPTS, value(&death.attempts.to_string())?);
    let published_at = death
        .published_at
        .to_rfc3339_opts(SecondsFormat::Nanos, true);
    headers.insert(PUBLISHED_AT, value(&published_at)?);
    Ok(PublishMessage::build()
        .payload(message.payload.clone().into())
        .headers(headers))
}

fn headers(message: &Message, deduplication_id: &str) -> Result<HeaderMap, QueueError> {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, value(deduplication_id)?);
    headers.insert(MESSAGE_ID, value(&message.id)?);
    if let Some(traceparent) = &message.traceparent {
        headers.insert(TRACEPARENT, value(traceparent)?);
    }
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, QueueError> {
    text.parse()
        .map_err(|_| QueueError::Corrupt(format!("{text:?} has a line end")))
}

/// Headers are lines; reasons may be paragraphs.
fn one_line(reason: &str) -> String {
    let words = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut end = words.len().min(MAX_REASON);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words[..end].to_owned()
}

/// The message as it was published. One that somebody else put here is named by its place, so that
/// it ends as a dead letter like any job that nobody can read.
pub(super) fn read_message(
    subject: &str,
    headers: Option<&HeaderMap>,
    payload: &[u8],
    sequence: u64,
) -> Result<Message, QueueError> {
    let (stage, lane) = stage_and_lane(subject)
        .ok_or_else(|| QueueError::Corrupt(format!("{subject:?} has no stage and lane")))?;
    let header = |name: &str| headers.and_then(|headers| text(headers, name));
    let id = header(MESSAGE_ID).or_else(|| header(NATS_MESSAGE_ID.as_ref()));
    Ok(Message {
        id: id.unwrap_or_else(|| format!("sequence-{sequence}")),
        lane,
        stage,
        payload: payload.to_vec(),
        traceparent: header(TRACEPARENT),
    })
}

/// A letter as it lies in the stream. What is missing in one that we did not write is left open,
/// lest one such letter hide the others.
pub(super) fn read_dead_letter(stored: &StreamMessage) -> Result<DeadLetter, QueueError> {
    let header = |name| text(&stored.headers, name);
    let published_at = header(PUBLISHED_AT)
        .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        .map_or(stored.time, |time| time.to_utc());
    Ok(DeadLetter {
        id: letter_id(stored.sequence),
        message: read_message(
            &stored.subject,
            Some(&stored.headers),
            &stored.payload,
            stored.sequence,
        )?,
        reason: header(REASON).unwrap_or_else(|| "not known: it was not buried by us".to_owned()),
        attempts: header(ATTEMPTS)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        published_at,
        died_at: stored.time,
    })
}

/// As many digits as any number has: later letters have greater ids.
pub(super) fn letter_id(sequence: u64) -> String {
    format!("{sequence:020}")
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_becomes_one_bounded_line() {
        assert_eq!(one_line(" no\r\n such  image\n"), "no such image");
        let long = "ä".repeat(MAX_REASON);
        let kept = one_line(&long);
        assert_eq!(kept.len(), MAX_REASON);
        assert!(long.starts_with(&kept));
    }

    #[test]
    fn a_foreign_message_is_named_by_its_place() {
        let message = read_message("scanyard.jobs.image.bulk", None, b"?", 7).unwrap();
        assert_eq!(message.id, "sequence-7");
    }

    #[test]
    fn an_id_with_a_line_end_is_refused() {
        let message = read_message("scanyard.jobs.image.bulk", None, b"?", 7).unwrap();
        let refused = publication(&message, "a\nb");
        assert!(matches!(refused, Err(QueueError::Corrupt(_))));
    }
}
