//! `scanyard cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;
use crate::paths;

/// Where inventories of layers are kept, and how many.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Where layer inventories are cached.
    #[arg(long, env = "SCANYARD_CACHE_DIR", value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Size of the cache. Inventories that were not used for the longest time go first.
    #[arg(
        long,
        env = "SCANYARD_CACHE_SIZE",
        value_name = "MIB",
        default_value_t = 1024
    )]
    pub cache_size: u32,
}

impl CacheArgs {
    /// The directory.
    pub fn dir(&self) -> PathBuf {
        self.cache_dir.clone().unwrap_or_else(paths::default_cache)
    }

    /// The most bytes in it.
    pub fn most_bytes(&self) -> u64 {
        u64::from(self.cache_size) << 20
    }
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
#[command(after_help = examples::CACHE)]
pub enum CacheCommand {
    /// Say where the cache is and how much is in it.
    Info {
        #[command(flatten)]
        cache: CacheArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove what is beyond the size. Scans that add something do it by themselves.
    Prune {
        #[command(flatten)]
        cache: CacheArgs,
    },
    /// Remove everything.
    Clear {
        #[command(flatten)]
        cache: CacheArgs,
    },
}
