//! How full the lanes are.

use async_nats::jetstream::consumer::Info;
use scanyard_protocol::{Lane, Stage};

use super::{JetStreamQueue, Result, places};
use crate::LaneDepth;

impl JetStreamQueue {
    pub(super) async fn read_depths(&self) -> Result<Vec<LaneDepth>> {
        let mut depths = Vec::new();
        for (lane, stage) in places() {
            depths.push(self.read_depth(lane, stage).await?);
        }
        Ok(depths)
    }

    /// The server counts a message that was given back, and whose delay runs, as held.
    async fn read_depth(&self, lane: Lane, stage: Stage) -> Result<LaneDepth> {
        let consumer = self.consumer(lane, stage);
        let info = self.connection.ask(consumer.get_info()).await?;
        let subject = self.names.job_subject(stage, lane);
        Ok(LaneDepth {
            lane,
            stage,
            waiting: info.num_pending,
            in_flight: u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX),
            oldest: self.oldest_waiting(&info, &subject).await?,
        })
    }

    /// The first message after those that were ever delivered.
    async fn oldest_waiting(
        &self,
        info: &Info,
        subject: &str,
    ) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
        if info.num_pending == 0 {
            return Ok(None);
        }
        let after = info.delivered.stream_sequence.saturating_add(1);
        let request = self.jobs.raw_message_builder().sequence(after);
        let stored = self.read(request.next_by_subject(subject).send()).await?;
        Ok(stored.map(|stored| stored.time))
    }
}
