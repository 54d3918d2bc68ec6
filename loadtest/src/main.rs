//! What we ask of the whole: benchmarks that anyone can run, beside peers, as ratios.
//!
//! Nothing here is a test. Figures are medians of interleaved runs on one machine.

mod advisories;
mod advisory_set;
mod bare_loop;
mod fleet_bench;
mod fleet_images;
mod hooks;
mod layout;
mod make_fleet;
mod measure;
mod packages;
mod scan;
mod service;
mod timing;

use clap::{Parser, Subcommand};

/// Measures Scanyard.
#[derive(Debug, Parser)]
#[command(name = "loadtest", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Time and memory of `scanyard scan`, beside the least that it could be and beside its peers.
    Scan(scan::ScanArgs),
    /// Decodes and hashes an image's layers and walks their tar headers, and nothing else.
    BareLoop(bare_loop::BareLoopArgs),
    /// The packages that `scanyard scan` finds beside those that Syft finds.
    Packages(packages::PackagesArgs),
    /// Time, memory and size of `scanyard db build`.
    Advisories(advisories::AdvisoryArgs),
    /// Makes a set of advisories as large as the public export out of a smaller one.
    AdvisorySet(advisory_set::AdvisorySetArgs),
    /// A running service: scans accepted a second, images a second, waits under bulk.
    Service(service::ServiceArgs),
    /// Push webhooks: deliveries a second, and the time from a push to its findings.
    Hooks(hooks::HooksArgs),
    /// Makes a fleet of images directly in a store, as if they had been scanned.
    Fleet(make_fleet::FleetArgs),
    /// Serves a small fleet as real images of a registry.
    FleetImages(fleet_images::FleetImagesArgs),
    /// Rescans and questions over fleets of growing size.
    FleetBench(fleet_bench::BenchArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Scan(args) => scan::run(&args),
        Command::BareLoop(args) => bare_loop::run(&args),
        Command::Packages(args) => packages::run(&args),
        Command::Advisories(args) => advisories::run(&args),
        Command::AdvisorySet(args) => advisory_set::run(&args),
        Command::Service(args) => service::run(&args),
        Command::Hooks(args) => hooks::run(&args),
        Command::Fleet(args) => make_fleet::run(&args),
        Command::FleetImages(args) => fleet_images::run(&args),
        Command::FleetBench(args) => fleet_bench::run(&args),
    }
}
