//! `scanyard bulk`: many images at once.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use uuid::Uuid;

/// What to do with bulks.
#[derive(Debug, Subcommand)]
pub enum BulkCommand {
    /// Submit many images: a file of references, or what a registry has.
    Submit(BulkSubmitArgs),
    /// List bulks, the newest first.
    List(BulkListArgs),
    /// Show how far a bulk is, how fast, and until when.
    Status(BulkStatusArgs),
    /// Let nothing more of a bulk begin.
    Pause(BulkArgs),
    /// Go on with a paused bulk.
    Resume(BulkArgs),
    /// End a bulk and every scan of it that has not ended.
    Cancel(BulkArgs),
    /// Scan the failed images of a bulk again.
    Retry(BulkArgs),
    /// Show why images of a bulk failed, by reason.
    Failures(BulkArgs),
}

/// Which service, and in which form it answers.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// Address of the service.
    #[arg(
        long,
        env = "SCANYARD_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub server: String,

    /// File that holds the API key. SCANYARD_API_KEY holds the key itself.
    #[arg(long, env = "SCANYARD_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,

    /// Print JSON for machines.
    #[arg(long)]
    pub json: bool,
}

/// `scanyard bulk submit`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["file", "registry"])))]
pub struct BulkSubmitArgs {
    /// File with a reference a line, plain or as NDJSON; - reads standard input.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Registry whose images to scan, instead of a file.
    #[arg(long, value_name = "HOST", requires = "repositories")]
    pub registry: Option<String>,

    /// Which repositories: `*` is anything up to a slash, `**` anything.
    #[arg(long, value_name = "PATTERN", requires = "registry")]
    pub repositories: Option<String>,

    /// Which tags; every one unless told.
    #[arg(long, value_name = "PATTERN", requires = "registry")]
    pub tags: Option<String>,

    /// How many tags of each repository, the greatest when read as versions.
    #[arg(long, value_name = "COUNT", requires = "registry")]
    pub newest: Option<u32>,

    /// Platform to scan where a line names none, or `all`.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,

    /// Show progress until every image has its result.
    #[arg(long)]
    pub wait: bool,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard bulk list`.
#[derive(Debug, Args)]
pub struct BulkListArgs {
    /// Bulks at most.
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard bulk status`.
#[derive(Debug, Args)]
pub struct BulkStatusArgs {
    /// Show progress until every image has its result.
    #[arg(long)]
    pub wait: bool,

    #[command(flatten)]
    pub bulk: BulkArgs,
}

/// One bulk.
#[derive(Debug, Args)]
pub struct BulkArgs {
    /// The bulk's id.
    pub id: Uuid,

    #[command(flatten)]
    pub service: ServiceArgs,
}
