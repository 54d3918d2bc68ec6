//! `scanyard db build`, and what the built file costs to open and to ask.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use scanyard_advisory::Database;
use scanyard_loadtest::fleet::Random;
use scanyard_matching::Matcher;
use scanyard_package::{Ecosystem, Package, PackageKind};

use crate::measure::{self, Runs};
use crate::timing::Times;

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
    /// Keys to look up.
    #[arg(long, default_value_t = 100_000)]
    lookups: usize,
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
        mib(file.metadata()?.len()),
    );
    println!(
        "start, open and describe: {:.3} s, {:.0} MiB",
        opens.median(|run| run.wall),
        opens.median(|run| run.memory)
    );
    ask(&file, args.lookups)
}

/// Asks for names that the file has, in random order, and matches a package of each.
fn ask(file: &Path, lookups: usize) -> anyhow::Result<()> {
    let mut opens = Times::default();
    let begun = Instant::now();
    let database = Database::open(file)?;
    opens.add(begun);
    let opened = resident()?;
    let keys: Vec<(Ecosystem, String)> = {
        // Walking all keys touches much of the file; the handle that is measured does not.
        let other = Database::open(file)?;
        let keys = other.keys();
        keys.map(|(ecosystem, name, _)| (ecosystem, name.to_owned()))
            .collect()
    };
    let mut random = Random::new(1, 1);
    let chosen: Vec<_> = (0..lookups).filter_map(|_| random.pick(&keys)).collect();
    let before = resident()?;
    for (what, times) in [("first", 1), ("again", 3)] {
        let begun = Instant::now();
        let mut entries = 0;
        for _ in 0..times {
            for (ecosystem, name) in &chosen {
                entries += database.entries(ecosystem, name).count();
            }
        }
        let asked = times * chosen.len();
        println!(
            "lookup, {what}: {:.2} us, {:.1} entries each",
            begun.elapsed().as_secs_f64() * 1e6 / asked.max(1) as f64,
            entries as f64 / asked.max(1) as f64
        );
    }
    println!(
        "open: {:.2} ms; {} keys; resident {:.0} MiB after opening, {:.0} MiB more after {} lookups",
        opens.first(),
        keys.len(),
        mib(opened),
        mib(resident()?.saturating_sub(before)),
        chosen.len(),
    );
    match_packages(&database, &chosen);
    Ok(())
}

/// Matches a package of each name that a language's advisories have.
fn match_packages(database: &Database, chosen: &[&(Ecosystem, String)]) {
    let kinds = [
        ("npm", PackageKind::Npm),
        ("PyPI", PackageKind::Pypi),
        ("Maven", PackageKind::Maven),
        ("Go", PackageKind::Golang),
    ];
    let packages: Vec<Package> = chosen
        .iter()
        .filter_map(|(ecosystem, name)| {
            let kind = kinds
                .iter()
                .find(|(family, _)| *family == ecosystem.family());
            Some(Package::new(kind?.1, name, "1.4.2"))
        })
        .collect();
    let matcher = Matcher::new(database);
    let begun = Instant::now();
    let findings: usize = packages
        .iter()
        .map(|package| matcher.match_package(package, None).findings.len())
        .sum();
    let each = packages.len().max(1) as f64;
    println!(
        "match a package that advisories name: {:.2} us, {:.2} findings each",
        begun.elapsed().as_secs_f64() * 1e6 / each,
        findings as f64 / each
    );
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Bytes of this process in memory, pages of mapped files included.
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("no VmRSS in /proc/self/status")?.parse()?;
    Ok(kib << 10)
}
