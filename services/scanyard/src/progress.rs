//! Progress of long work: a live line on a terminal, quiet lines otherwise.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bytes and layers of one image.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
    layers_done: Arc<AtomicU64>,
    layers: u64,
}

impl Progress {
    /// Starts to show the progress of layers of this many compressed bytes together.
    pub fn start(layers: u64, bytes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{spinner} {msg} {bytes}/{total_bytes} {binary_bytes_per_sec}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if io::stderr().is_terminal() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        let progress = Self { bar, layers_done: Arc::default(), layers };
        progress.show_layers(0);
        progress
    }

    /// One more layer is cataloged.
    pub fn layer_done(&self) {
        let done = self.layers_done.fetch_add(1, Ordering::Relaxed) + 1;
        self.show_layers(done);
    }

    /// The line goes away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show_layers(&self, done: u64) {
        self.bar.set_message(format!("layers {done}/{}", self.layers));
    }

    /// Counts what is read through the returned reader.
    pub fn count<R: Read>(&self, reader: R) -> Counted<R> {
        Counted { reader, bar: self.bar.clone() }
    }
}

/// A reader whose bytes move the progress on.
pub struct Counted<R> {
    reader: R,
    bar: ProgressBar,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bar.inc(count as u64);
        Ok(count)
    }
}
