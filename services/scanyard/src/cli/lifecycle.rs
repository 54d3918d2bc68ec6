//! What is kept, what is forgotten, and what tags name.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use scanyard_package::Digest;

use super::{BackendArgs, ServiceArgs};

const DAY: Duration = Duration::from_secs(86_400);

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(pub Option<Duration>);

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "forever" {
            return Ok(Self(None));
        }
        match text.parse::<u32>() {
            Ok(days @ 1..=36_500) => Ok(Self(Some(DAY * days))),
            _ => Err("it is a number of days from 1 to 36500, or `forever`".to_owned()),
        }
    }
}

/// What is kept for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// How long scans and bulks are kept after their end. Images keep their findings.
    #[arg(
        long,
        env = "SCANYARD_KEEP_SCANS",
        value_name = "DAYS",
        default_value = "90"
    )]
    pub keep_scans: Keep,

    /// How long images without a tag are kept after they were last seen.
    #[arg(
        long,
        env = "SCANYARD_KEEP_UNTAGGED_IMAGES",
        value_name = "DAYS",
        default_value = "forever"
    )]
    pub keep_untagged_images: Keep,

    /// How long questions about the past know images that are gone.
    #[arg(
        long,
        env = "SCANYARD_KEEP_GONE_IMAGES",
        value_name = "DAYS",
        default_value = "90"
    )]
    pub keep_gone_images: Keep,

    /// How long it is kept what was found in images and no longer is, and what changed when.
    #[arg(
        long,
        env = "SCANYARD_KEEP_HISTORY",
        value_name = "DAYS",
        default_value = "forever"
    )]
    pub keep_history: Keep,

    /// How long inventories of layers are kept that an earlier version of the catalogers made and
    /// no image needs.
    #[arg(
        long,
        env = "SCANYARD_KEEP_OUTDATED_INVENTORIES",
        value_name = "DAYS",
        default_value = "30"
    )]
    pub keep_outdated_inventories: Keep,
}

/// How known repositories are compared with their registries.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registries")]
pub struct WalkArgs {
    /// Ask registries, so many hours after the last time, whether known tags and images are still
    /// what they were: tags that moved are scanned, what is not found any more is gone. Needs
    /// credentials that show every known repository. Off unless given.
    #[arg(long, env = "SCANYARD_WALK_REGISTRIES", value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub walk_registries: Option<u32>,

    /// Requests a minute for that, to all registries together.
    #[arg(long, env = "SCANYARD_WALK_REQUESTS", value_name = "COUNT", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub walk_requests: u32,
}

/// What to see of repositories.
#[derive(Debug, Subcommand)]
pub enum RepositoryCommand {
    /// List repositories in which images were reached.
    List(RepositoryListArgs),
    /// List the tags of a repository, and what they name now.
    Tags(RepositoryTagsArgs),
    /// List the images that a tag named, the last first.
    History(RepositoryHistoryArgs),
}

/// `scanyard repository list`.
#[derive(Debug, Args)]
pub struct RepositoryListArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard repository tags`.
#[derive(Debug, Args)]
pub struct RepositoryTagsArgs {
    /// The repository, as `repository list` shows it: docker.io/library/alpine.
    pub repository: String,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard repository history`.
#[derive(Debug, Args)]
pub struct RepositoryHistoryArgs {
    /// The repository, as `repository list` shows it: docker.io/library/alpine.
    pub repository: String,

    /// The tag.
    pub tag: String,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// Digest of the image's manifest.
    pub image: Digest,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard gc`.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Only say how much of what would go.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub retention: RetentionArgs,

    #[command(flatten)]
    pub backend: BackendArgs,
}
