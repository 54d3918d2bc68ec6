//! Where the time goes: what each stage of a scan takes of the threads that work on it.
//!
//! A thread that records is in one stage at a time, so what is reported adds up to the thread's
//! time: while a stage waits for another one inside it, the inner one counts. Entering a stage reads
//! the clock twice, and only where a recording is under way. Stages lie around whole chunks and whole
//! files, never around single records, so recording costs far less than what it measures.
//!
//! It never decides anything, and it knows neither logs nor metrics.

mod recording;
mod stage;
mod timings;

pub use recording::{in_stage, record};
pub use stage::Stage;
pub use timings::{Spent, Timings};
