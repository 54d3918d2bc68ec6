//! Progress of long work: a live line on a terminal, a quiet line now and then otherwise.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use scanyard_oci::Layer;
use scanyard_package::Digest;
use scanyard_worker::LayerProgress;
use tokio::task::JoinHandle;

/// How often the live line is drawn.
const LIVE_INTERVAL: Duration = Duration::from_millis(100);
/// How often work that nobody watches says that it goes on.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);

/// How much of some layers is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Layers.
    pub layers: u64,
    /// Layers read to their end.
    pub layers_done: u64,
    /// Compressed bytes.
    pub bytes: u64,
    /// Compressed bytes read.
    pub bytes_done: u64,
}

/// Shows amounts.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// When a quiet line was last printed; `None` on a terminal.
    quiet: Option<Instant>,
}

impl Progress {
    /// Begins; shows nothing yet.
    pub fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{spinner} {msg} {bytes}/{total_bytes} {binary_bytes_per_sec}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            quiet: (!io::stderr().is_terminal()).then(Instant::now),
        }
    }

    /// Shows an amount, if it is time to.
    pub fn show(&mut self, amount: Amount) {
        let layers = format!("layers {}/{}", amount.layers_done, amount.layers);
        match &mut self.quiet {
            None => {
                self.bar.set_length(amount.bytes);
                self.bar.set_position(amount.bytes_done);
                self.bar.set_message(layers);
                self.bar.tick();
            }
            Some(last) if last.elapsed() >= QUIET_INTERVAL => {
                *last = Instant::now();
                let (done, bytes) = (HumanBytes(amount.bytes_done), HumanBytes(amount.bytes));
                eprintln!("{layers}, {done} of {bytes}");
            }
            Some(_) => {}
        }
    }
}

impl Drop for Progress {
    /// The line goes away.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the progress of layers that this process reads.
#[derive(Debug)]
pub struct ScanProgress {
    task: JoinHandle<()>,
}

impl ScanProgress {
    /// Watches until [`ScanProgress::finish`].
    pub fn start(layers: &[Layer], watches: &HashMap<Digest, Arc<LayerProgress>>) -> Self {
        let watched: Vec<_> = layers
            .iter()
            .filter_map(|layer| Some((layer.size, Arc::clone(watches.get(&layer.digest)?))))
            .collect();
        let task = tokio::spawn(async move {
            let mut progress = Progress::start();
            loop {
                tokio::time::sleep(LIVE_INTERVAL).await;
                progress.show(amount(&watched));
            }
        });
        Self { task }
    }

    /// The work is over.
    pub fn finish(self) {
        self.task.abort();
    }
}

fn amount(watched: &[(u64, Arc<LayerProgress>)]) -> Amount {
    watched
        .iter()
        .fold(Amount::default(), |sum, (size, watch)| {
            let read = watch.compressed_bytes();
            Amount {
                layers: sum.layers + 1,
                layers_done: sum.layers_done + u64::from(read >= *size),
                bytes: sum.bytes + size,
                bytes_done: sum.bytes_done + read,
            }
        })
}
