//! Progress of a bulk: a live line on a terminal, a quiet line now and then otherwise.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::view::Bulk;

/// How often work that nobody watches says that it goes on.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);

/// Shows how far a bulk is.
#[derive(Debug)]
pub struct BulkProgress {
    bar: ProgressBar,
    /// When a quiet line was last printed; `None` on a terminal.
    quiet: Option<Instant>,
}

impl BulkProgress {
    /// Begins; shows nothing yet.
    pub fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            quiet: (!io::stderr().is_terminal()).then(Instant::now),
        }
    }

    /// Shows the bulk, if it is time to.
    pub fn show(&mut self, bulk: &Bulk) {
        match &mut self.quiet {
            None => {
                let counts = &bulk.counts;
                self.bar.set_length(counts.accepted);
                self.bar
                    .set_position(counts.done + counts.failed + counts.cancelled);
                self.bar.set_message(bulk.to_string());
            }
            Some(last) if last.elapsed() >= QUIET_INTERVAL => {
                *last = Instant::now();
                eprintln!("{bulk}");
            }
            Some(_) => {}
        }
    }
}

impl Drop for BulkProgress {
    /// The line goes away.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
