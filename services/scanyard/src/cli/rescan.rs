//! `scanyard rescan`: the whole fleet again.

use clap::Args;

use super::ServiceArgs;

/// `scanyard rescan`.
#[derive(Debug, Args)]
pub struct RescanArgs {
    /// Match every package again, not only those about which advisories changed.
    #[arg(long, conflicts_with_all = ["recatalog", "cancel"])]
    pub full: bool,

    /// Catalog your images again that an earlier version of Scanyard cataloged.
    #[arg(long, conflicts_with = "cancel")]
    pub recatalog: bool,

    /// Cancel the full rescan of this number.
    #[arg(long, value_name = "ID")]
    pub cancel: Option<u64>,

    /// Do not wait for its end.
    #[arg(long)]
    pub no_wait: bool,

    #[command(flatten)]
    pub service: ServiceArgs,
}
