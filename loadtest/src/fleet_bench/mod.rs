//! Rescans and questions over fleets of growing size, beside matching every image by itself.

mod memory;
mod questions;
mod report;
mod server;
mod steps;

use std::path::PathBuf;

use clap::Args;
use scanyard_advisory::Database;
use scanyard_loadtest::fleet::{Fleet, FleetSettings};
use scanyard_store::SqliteStore;

use crate::make_fleet::{compile, describe, write};
use server::Server;
use steps::{Measured, Measuring};

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Images of each fleet in Postgres, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,300000")]
    sizes: Vec<usize>,
    /// Images of the fleet in SQLite; 0 for none.
    #[arg(long, default_value_t = 10_000)]
    embedded: usize,
    /// A database of a server in which databases may be made. Without it one is started.
    #[arg(long)]
    postgres: Option<String>,
    /// Advisories before, in the layout of the OSV bucket.
    #[arg(long, default_value = "../shared/osv-previous")]
    osv_previous: PathBuf,
    /// Advisories after.
    #[arg(long, default_value = "../shared/osv")]
    osv: PathBuf,
    /// How often each question is asked.
    #[arg(long, default_value_t = 200)]
    probes: usize,
    /// How many images are matched by themselves; all would take as much longer as there are more.
    #[arg(long, default_value_t = 500)]
    sample: usize,
    /// Where figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// What fleets follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures and prints a Markdown table.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(args))
}

async fn measure(args: &BenchArgs) -> anyhow::Result<()> {
    let before = compile(&args.osv_previous)?;
    let after = compile(&args.osv)?;
    let mut all = Vec::new();
    if args.embedded > 0 {
        all.push(measure_sqlite(args, &before, &after).await?);
    }
    if !args.sizes.is_empty() {
        let server = Server::start(args.postgres.as_deref()).await?;
        for size in &args.sizes {
            all.push(measure_postgres(args, &server, *size, &before, &after).await?);
            report::save(&all, args.json.as_deref())?;
        }
    }
    report::save(&all, args.json.as_deref())?;
    report::print(&all);
    Ok(())
}

fn fleet_of(args: &BenchArgs, images: usize, database: &Database) -> Fleet {
    let settings = FleetSettings {
        seed: args.seed,
        ..FleetSettings::of_images(images)
    };
    let fleet = Fleet::generate(database, &settings);
    eprintln!("{}", describe(&fleet));
    fleet
}

async fn measure_sqlite(
    args: &BenchArgs,
    before: &Database,
    after: &Database,
) -> anyhow::Result<Measured> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("scanyard.db");
    let fleet = fleet_of(args, args.embedded, after);
    let mut measuring = Measuring::new("SQLite", &fleet, args, before, after);
    let address = file.display().to_string();
    measuring.time_writing(write(&address, &fleet)).await?;
    measuring.measured.written_bytes = file.metadata()?.len();
    let store = SqliteStore::open(&file).await?;
    measuring.run(&store).await?;
    let size = file.metadata()?.len();
    measuring.measured.bytes = vec![("file".to_owned(), size)];
    Ok(measuring.measured)
}

async fn measure_postgres(
    args: &BenchArgs,
    server: &Server,
    images: usize,
    before: &Database,
    after: &Database,
) -> anyhow::Result<Measured> {
    let database = server.create_database(images).await?;
    let fleet = fleet_of(args, images, after);
    let mut measuring = Measuring::new("PostgreSQL", &fleet, args, before, after);
    measuring.time_writing(write(&database, &fleet)).await?;
    let written = server::sizes(&database).await?;
    {
        let store = server::open(&database).await?;
        measuring.first(&store).await?;
        server::vacuum(&database).await?;
        let first = server::total(&database).await?;
        measuring.delta(&store).await?;
        measuring.measured.revision_bytes = server::total(&database).await? - first;
    }
    server.forget_caches().await;
    let store = server::open(&database).await?;
    measuring.questions(&store).await?;
    measuring.full(&store).await?;
    measuring.measured.written_bytes = written.iter().map(|(_, bytes)| bytes).sum();
    measuring.measured.bytes = server::sizes(&database).await?;
    Ok(measuring.measured)
}
