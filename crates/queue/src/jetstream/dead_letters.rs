//! Messages that were given up.

use std::collections::VecDeque;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind};

use super::JetStreamQueue;
use super::connection::unavailable;
use super::envelope::{publication, read_dead_letter};
use crate::{DeadLetter, DeadLetterFilter, QueueError};

/// Places looked at first, at least; twice as many each time that these held too few.
const MIN_WINDOW: u64 = 16;

impl JetStreamQueue {
    /// NATS reads forwards only, so the newest are looked for in windows that end where the last one
    /// began. Within one the server skips gaps and other stages.
    pub(super) async fn list_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let state = self.connection.ask(self.letters.get_info()).await?.state;
        let mut end = match &filter.after {
            // An id that is none of ours is older than everything.
            Some(after) => sequence_of(after).unwrap_or(0).min(state.last_sequence + 1),
            None => state.last_sequence + 1,
        };
        let first = state.first_sequence.max(1);
        let mut width = u64::from(filter.limit).max(MIN_WINDOW);
        let subject = self.names.dead_letter_subjects(filter.stage);
        let mut letters = Vec::new();
        while end > first && letters.len() < limit {
            let begin = end.saturating_sub(width).max(first);
            let missing = limit - letters.len();
            let newest = self.read_window(&subject, begin, end, missing).await?;
            for stored in newest.iter().rev() {
                letters.push(read_dead_letter(stored)?);
            }
            end = begin;
            width = width.saturating_mul(2);
        }
        Ok(letters)
    }

    /// The newest `limit` letters from `begin` to before `end`, the oldest first.
    async fn read_window(
        &self,
        subject: &str,
        begin: u64,
        end: u64,
        limit: usize,
    ) -> Result<VecDeque<StreamMessage>, QueueError> {
        let mut newest = VecDeque::new();
        let mut next = begin;
        while next < end {
            let request = self.letters.raw_message_builder().sequence(next);
            let stored = self.read(request.next_by_subject(subject).send()).await?;
            let Some(stored) = stored.filter(|stored| stored.sequence < end) else {
                break;
            };
            next = stored.sequence + 1;
            newest.push_back(stored);
            if newest.len() > limit {
                newest.pop_front();
            }
        }
        Ok(newest)
    }

    pub(super) async fn read_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        let Some(sequence) = sequence_of(id) else {
            return Ok(None);
        };
        let stored = self.read(self.letters.get_raw_message(sequence)).await?;
        stored.as_ref().map(read_dead_letter).transpose()
    }

    /// Published under an id that no window holds yet, but that two who redrive the same letter
    /// share: the message comes once.
    pub(super) async fn redrive_letter(&self, id: &str) -> Result<bool, QueueError> {
        let Some(letter) = self.read_letter(id).await? else {
            return Ok(false);
        };
        let message = &letter.message;
        let died = letter.died_at.timestamp_nanos_opt().unwrap_or_default();
        let publication = publication(message, &format!("redrive-{}-{died}", letter.id))?;
        let subject = self.names.job_subject(message.stage, message.lane);
        self.publish_one(subject, publication).await?;
        self.drop_letter(id).await
    }

    pub(super) async fn drop_letter(&self, id: &str) -> Result<bool, QueueError> {
        let Some(sequence) = sequence_of(id) else {
            return Ok(false);
        };
        match self
            .connection
            .ask(self.letters.delete_message(sequence))
            .await
        {
            Ok(is_dropped) => Ok(is_dropped),
            // Servers differ in how they say that there is none.
            Err(error) => match self.read_letter(id).await? {
                Some(_) => Err(error),
                None => Ok(false),
            },
        }
    }

    /// A stored message, or `None` where there is none.
    pub(super) async fn read(
        &self,
        work: impl Future<Output = Result<StreamMessage, RawMessageError>>,
    ) -> Result<Option<StreamMessage>, QueueError> {
        match tokio::time::timeout(self.connection.timeout, work).await {
            Ok(Ok(stored)) => Ok(Some(stored)),
            Ok(Err(error)) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Ok(Err(error)) => Err(unavailable(error)),
            Err(late) => Err(unavailable(late)),
        }
    }
}

fn sequence_of(id: &str) -> Option<u64> {
    id.parse().ok()
}
