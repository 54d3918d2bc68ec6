//! The scheduler: what has to happen again and again, whoever asked for what.
//!
//! It is a list of reconcilers, most of which run in one scheduler only: the one that leads. Each
//! reads the state afresh, brings it closer to what it should be, and can be run any number of
//! times: by a timer, by a signal, or by two schedulers at once, should a leader not notice in time
//! that it is none. None keeps anything that a restart would lose.

mod advisory_copies;
mod bulk_settings;
mod delivery;
mod election;
mod fleet_copy;
mod garbage_settings;
mod reconciler;
mod reconcilers;
mod scheduler;
mod settings;
mod walk_settings;

pub use advisory_copies::AdvisoryCopies;
pub use bulk_settings::BulkSettings;
pub use delivery::DeliverySettings;
pub use garbage_settings::GarbageSettings;
pub use reconciler::{Reconciler, Round, run_reconciler};
pub use reconcilers::AdvisoryFollow;
pub use scheduler::{Scheduler, SchedulerContext};
pub use settings::{AdvisorySettings, ElectionSettings, SchedulerSettings, UpdateSettings};
pub use walk_settings::WalkSettings;
