//! `scanyard db build`, and what the built file costs to open.

use std::path::PathBuf;

use clap::Args;

use crate::measure::{self, Runs};

/// What to measure.
#[derive(Debug, Args)]
pub struct AdvisoryArgs {
    /// What to build from: a directory in the layout of the OSV bucket.
    #[arg(long)]
    from: PathBuf,
    /// The scanyard binary.
    #[arg(long, default_value = "target/release/scanyard")]
    scanyard: PathBuf,
    /// Runs.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// Measures and prints.
pub fn run(args: &AdvisoryArgs) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("advisories.db");
    let scanyard = args.scanyard.display();
    let build = format!(
        "{scanyard} db build --from {} --output {}",
        args.from.display(),
        file.display()
    );
    let status = format!("{scanyard} db status --db {}", file.display());
    let (mut builds, mut opens) = (Runs::default(), Runs::default());
    for _ in 0..args.runs {
        builds.0.push(measure::run(&build)?);
        opens.0.push(measure::run(&status)?);
    }
    println!(
        "build: {:.2} s wall, {:.2} s cpu, {:.0} MiB; file {:.1} MiB",
        builds.median(|run| run.wall),
        builds.median(|run| run.cpu),
        builds.median(|run| run.memory),
        file.metadata()?.len() as f64 / f64::from(1 << 20),
    );
    println!(
        "start, open and describe: {:.3} s, {:.0} MiB",
        opens.median(|run| run.wall),
        opens.median(|run| run.memory)
    );
    Ok(())
}
