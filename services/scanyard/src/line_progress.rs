//! Progress of what a service does: a live line on a terminal, a quiet line now and then otherwise.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often work that nobody watches says that it goes on.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);

/// Shows how far it is.
#[derive(Debug)]
pub struct LineProgress {
    bar: ProgressBar,
    /// When a quiet line was last printed; `None` on a terminal.
    quiet: Option<Instant>,
}

impl LineProgress {
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

    /// Shows how much of how much is done, and a line about it, if it is time to.
    pub fn show(&mut self, done: u64, of: u64, line: &impl Display) {
        match &mut self.quiet {
            None => {
                self.bar.set_length(of);
                self.bar.set_position(done);
                self.bar.set_message(line.to_string());
            }
            Some(last) if last.elapsed() >= QUIET_INTERVAL => {
                *last = Instant::now();
                eprintln!("{line}");
            }
            Some(_) => {}
        }
    }
}

impl Drop for LineProgress {
    /// The line goes away.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
