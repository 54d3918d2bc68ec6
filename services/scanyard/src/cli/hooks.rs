//! `scanyard hook`.

use clap::{Args, Subcommand, ValueEnum};
use scanyard_hooks::Kind;
use uuid::Uuid;

use super::ServiceArgs;

/// What to do with hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Let a registry tell of pushes and deletions; prints what to set up there.
    #[command(after_help = super::examples::HOOK_ADD)]
    Add(HookAddArgs),
    /// List hooks.
    List(ServiceArgs),
    /// Show a hook, and what to set up at its registry but for the secret.
    Show(HookArgs),
    /// Remove a hook: its registry is refused from then on.
    Remove(HookArgs),
}

/// `scanyard hook add`.
#[derive(Debug, Args)]
pub struct HookAddArgs {
    /// What sends.
    #[arg(value_enum, value_name = "KIND")]
    pub kind: HookKind,

    /// What to call it; its kind, if not given.
    #[arg(long)]
    pub name: Option<String>,

    /// Host under which images are pulled. Registries often name one that only they can reach.
    #[arg(long, value_name = "HOST")]
    pub registry: Option<String>,

    /// Only repositories of such names, without the host; `*` is anything up to a slash, `**`
    /// anything. May be given more than once.
    #[arg(long, value_name = "PATTERN")]
    pub repository: Vec<String>,

    /// Under which address the registry reaches the service, if that is not --server.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// One hook.
#[derive(Debug, Args)]
pub struct HookArgs {
    /// The hook's id.
    pub id: Uuid,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// A kind of sender.
#[derive(Debug, Clone, Copy)]
pub struct HookKind(pub Kind);

impl ValueEnum for HookKind {
    fn value_variants<'a>() -> &'a [Self] {
        static KINDS: std::sync::LazyLock<Vec<HookKind>> =
            std::sync::LazyLock::new(|| Kind::all().map(HookKind).collect());
        KINDS.as_slice()
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()).help(self.0.title()))
    }
}
