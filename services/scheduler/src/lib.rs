//! The scheduler: what has to happen again and again, whoever asked for what.
//!
//! It is a list of reconcilers. Each reads the state afresh, brings it closer to what it should be,
//! and can be run any number of times: by a timer, by a signal, or by two schedulers at once while
//! one takes over from the other. None keeps anything that a restart would lose.

mod reconciler;
mod reconcilers;
mod scheduler;
mod settings;

pub use reconciler::{Reconciler, Round};
pub use scheduler::{Scheduler, SchedulerContext};
pub use settings::{AdvisorySettings, SchedulerSettings, UpdateSettings};
