//! Runs a command and says what it took, by GNU time (Debian package `time`).

use std::fmt;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

const TIME: &str = "/usr/bin/time";

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Wall time in seconds.
    pub wall: f64,
    /// User and system time in seconds.
    pub cpu: f64,
    /// Largest resident set in MiB.
    pub memory: f64,
}

/// Runs a shell command; its output is thrown away.
pub fn run(shell: &str) -> anyhow::Result<Run> {
    let output = Command::new(TIME)
        .args([
            "--quiet",
            "-f",
            "%e %U %S %M",
            "bash",
            "-o",
            "pipefail",
            "-c",
            shell,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("cannot run /usr/bin/time; install the package `time`")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or_default();
    if !output.status.success() {
        bail!("{shell}: {}: {text}", output.status);
    }
    let figures: Vec<f64> = last
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [wall, user, system, kib] = figures[..] else {
        bail!("{shell}: no figures in {last:?}");
    };
    Ok(Run {
        wall,
        cpu: user + system,
        memory: kib / 1024.0,
    })
}

/// Several runs of one command.
#[derive(Debug, Clone, Default)]
pub struct Runs(pub Vec<Run>);

impl Runs {
    /// The median of one figure; 0 without runs.
    pub fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.0.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    }

    /// Smallest, median and largest ratio of wall times, run by run: pairs share the machine's mood.
    pub fn ratio(&self, other: &Runs) -> Ratio {
        let mut ratios: Vec<f64> = self
            .0
            .iter()
            .zip(&other.0)
            .map(|(mine, theirs)| mine.wall / theirs.wall.max(0.005))
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |index: usize| ratios.get(index).copied().unwrap_or_default();
        Ratio {
            smallest: at(0),
            median: at(ratios.len() / 2),
            largest: at(ratios.len().saturating_sub(1)),
        }
    }
}

/// A ratio with its spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    smallest: f64,
    median: f64,
    largest: f64,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} ({:.2}-{:.2})",
            self.median, self.smallest, self.largest
        )
    }
}
