//! Runs a command and says what it took, by GNU time (Debian package `time`).

use std::fmt;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

const TIME: &str = "/usr/bin/time";

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Wall time in seconds.
    pub wall: f64,
    /// User and system time in seconds.
    pub cpu: f64,
    /// Largest resident set in MiB, of the largest process.
    pub memory: f64,
}

/// Runs a shell command; its output is thrown away.
pub fn run(shell: &str) -> anyhow::Result<Run> {
    Ok(run_and_read(shell)?.0)
}

/// Runs a shell command and says also what it wrote to standard error.
pub fn run_and_read(shell: &str) -> anyhow::Result<(Run, String)> {
    let begun = Instant::now();
    let output = Command::new(TIME)
        .args([
            "--quiet", "-f", "%U %S %M", "bash", "-o", "pipefail", "-c", shell,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("cannot run /usr/bin/time; install the package `time`")?;
    let wall = begun.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{shell}: {}: {text}", output.status);
    }
    let (before, last) = match text.trim_end().rsplit_once('\n') {
        Some((before, last)) => (before, last),
        None => ("", text.trim_end()),
    };
    let figures: Vec<f64> = last
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [user, system, kib] = figures[..] else {
        bail!("{shell}: no figures in {last:?}");
    };
    let run = Run {
        wall,
        cpu: user + system,
        memory: kib / 1024.0,
    };
    Ok((run, before.to_owned()))
}

/// Several runs of one command.
#[derive(Debug, Clone, Default)]
pub struct Runs(pub Vec<Run>);

impl Runs {
    /// The median of one figure; 0 without runs.
    pub fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        self.spread(figure).median
    }

    /// One figure of all runs.
    pub fn spread(&self, figure: impl Fn(&Run) -> f64) -> Spread {
        Spread::of(self.0.iter().map(figure))
    }

    /// The ratio of wall times, run by run: pairs share the machine's mood.
    pub fn ratio(&self, other: &Runs) -> Spread {
        let pairs = self.0.iter().zip(&other.0);
        Spread::of(pairs.map(|(mine, theirs)| mine.wall / theirs.wall))
    }
}

/// Smallest, median and largest of a few figures; zeros without any.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The smallest.
    pub smallest: f64,
    /// The one in the middle.
    pub median: f64,
    /// The largest.
    pub largest: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or_default();
        Self {
            smallest: at(0),
            median: at(figures.len() / 2),
            largest: at(figures.len().saturating_sub(1)),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} ({:.2}-{:.2})",
            self.median, self.smallest, self.largest
        )
    }
}
