//! A fleet made directly in a store.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use scanyard_advisory::{Database, build};
use scanyard_loadtest::fleet::{Fleet, FleetSettings, write_postgres, write_sqlite};

/// What to make, and where.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// An empty store: `postgres://...` or a file of SQLite that is made.
    #[arg(long)]
    store: String,
    #[command(flatten)]
    source: AdvisorySource,
    #[command(flatten)]
    settings: FleetSettings,
}

/// Where names and versions come from.
#[derive(Debug, Clone, Args)]
pub struct AdvisorySource {
    /// A compiled advisory database.
    #[arg(long, conflicts_with = "osv")]
    advisories: Option<PathBuf>,
    /// A directory in the layout of the OSV bucket, to compile first.
    #[arg(long, default_value = "../shared/osv")]
    osv: PathBuf,
}

impl AdvisorySource {
    /// Opens it.
    pub fn open(&self) -> anyhow::Result<Database> {
        match &self.advisories {
            Some(path) => Ok(Database::open(path)?),
            None => compile(&self.osv),
        }
    }
}

/// Compiles a directory; its file lives as long as it is open.
pub fn compile(osv: &Path) -> anyhow::Result<Database> {
    let directory = tempfile::tempdir()?;
    let report = build(osv, directory.path())
        .with_context(|| format!("{} cannot be compiled", osv.display()))?;
    Ok(Database::open(&report.output)?)
}

/// Makes the fleet and says what it is.
pub fn run(args: &FleetArgs) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let began = Instant::now();
        let fleet = Fleet::generate(&args.source.open()?, &args.settings);
        println!(
            "{} in {:.1} s",
            describe(&fleet),
            began.elapsed().as_secs_f64()
        );
        let began = Instant::now();
        write(&args.store, &fleet).await?;
        println!("written in {:.1} s", began.elapsed().as_secs_f64());
        Ok(())
    })
}

/// Writes a fleet into a store by its address.
pub async fn write(store: &str, fleet: &Fleet) -> anyhow::Result<()> {
    match store.starts_with("postgres") {
        true => write_postgres(store, fleet).await,
        false => write_sqlite(Path::new(store), fleet).await,
    }
}

/// The sizes of a fleet.
pub fn describe(fleet: &Fleet) -> String {
    let members: usize = fleet.sets.iter().map(|set| set.packages.len()).sum();
    format!(
        "{} images, {} repositories, {} layers, {} package sets, {} distinct packages, \
         {} packages in a set",
        fleet.images.len(),
        fleet.repositories.len(),
        fleet.layers.len(),
        fleet.sets.len(),
        fleet.packages.len(),
        members / fleet.sets.len().max(1),
    )
}
