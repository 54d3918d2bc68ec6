//! What bounds a worker.

use std::time::Duration;

use scanyard_protocol::Stage;

use crate::Backoff;

/// Jobs of one stage at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageSlots {
    /// In both lanes together; at least one.
    pub total: usize,
    /// Of these, the ones that bulk jobs never take.
    pub reserved: usize,
}

/// Bounds on what a worker does at once and how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// Image jobs, which mostly wait for registries.
    pub image_slots: StageSlots,
    /// Layer jobs, which keep two threads busy each.
    pub layer_slots: StageSlots,
    /// How long a layer is ours without a sign of life.
    pub lease: Duration,
    /// How often running work gives that sign, to store and queue. A third of the lease and of the
    /// queue's ack wait, or less.
    pub heartbeat: Duration,
    /// Longest wait of one fetch from the queue.
    pub fetch_wait: Duration,
    /// Waits between deliveries of a job that failed.
    pub retry: Backoff,
    /// How long a job waits for a store that does not answer before it counts as failed.
    pub store_patience: Duration,
    /// Longest time that resolving a reference may take, retries included.
    pub resolve_time: Duration,
    /// Longest time that reading one layer may take, however slowly its bytes drip.
    pub layer_time: Duration,
    /// After a stop: how long running jobs may go on before they are handed back.
    pub drain: Duration,
}

impl WorkerSettings {
    /// The slots of a stage.
    pub fn slots(&self, stage: Stage) -> StageSlots {
        match stage {
            Stage::Image => self.image_slots,
            Stage::Layer => self.layer_slots,
        }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let layers = cores.clamp(2, 16);
        Self {
            image_slots: StageSlots {
                total: 16,
                reserved: 4,
            },
            layer_slots: StageSlots {
                total: layers,
                reserved: layers.div_ceil(4),
            },
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(8),
            fetch_wait: Duration::from_secs(1),
            retry: Backoff {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(60),
            },
            store_patience: Duration::from_secs(300),
            resolve_time: Duration::from_secs(300),
            layer_time: Duration::from_secs(3600),
            drain: Duration::from_secs(20),
        }
    }
}
