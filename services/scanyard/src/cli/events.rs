//! `scanyard events`, `scanyard history` and `scanyard subscriptions`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{FailOn, ServiceArgs};

/// `scanyard events`.
#[derive(Debug, Args)]
#[command(after_help = super::examples::EVENTS)]
pub struct EventsArgs {
    /// Print those that come as well, until interrupted; only those, unless --since or --after says
    /// where to begin.
    #[arg(long, short)]
    pub follow: bool,

    #[command(flatten)]
    pub filter: EventFilterArgs,

    /// Only those of this vulnerability, under any of its ids.
    #[arg(long, value_name = "ID")]
    pub vulnerability: Option<String>,

    /// Only those that became known since then: 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Only those after the event of this id.
    #[arg(long, value_name = "ID")]
    pub after: Option<u64>,

    /// Events at most, without --follow.
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// Which events.
#[derive(Debug, Args)]
pub struct EventFilterArgs {
    /// Only of these kinds, with commas.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_enum)]
    pub kind: Vec<EventKind>,

    /// Only those at least this severe.
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub min_severity: Option<FailOn>,

    /// Only those with a fixed version.
    #[arg(long)]
    pub fixable: bool,

    /// Only those that are known to be exploited.
    #[arg(long)]
    pub known_exploited: bool,

    /// Only those that concern an image in such a repository; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    pub repository: Option<String>,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventKind {
    /// It was not there before.
    New,
    /// It is there no more.
    Fixed,
    /// It says something else.
    Changed,
}

impl EventKind {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::New => "finding.new",
            EventKind::Fixed => "finding.fixed",
            EventKind::Changed => "finding.changed",
        }
    }
}

/// `scanyard history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The image: its digest (sha256:...), or a reference that the service knows.
    pub image: String,

    /// Entries at most, the newest first.
    #[arg(long, default_value_t = 50, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// What to do with subscriptions.
#[derive(Debug, Subcommand)]
pub enum SubscriptionsCommand {
    /// Have messages sent when new advisories change findings of your images.
    #[command(after_help = super::examples::SUBSCRIPTIONS_ADD)]
    Add(SubscriptionsAddArgs),
    /// List subscriptions.
    List(ServiceArgs),
    /// Send a test message, and say what became of it.
    Test(SubscriptionArgs),
    /// Remove a subscription with its messages.
    Remove(SubscriptionArgs),
}

/// `scanyard subscriptions add`.
#[derive(Debug, Args)]
pub struct SubscriptionsAddArgs {
    /// What to call it.
    #[arg(long)]
    pub name: String,

    /// What its messages look like.
    #[arg(long, value_enum, default_value_t = Form::Cloudevents)]
    pub form: Form,

    /// Where they go. The address of a chat is a secret, and command lines are public: give it
    /// through --url-file or SCANYARD_SUBSCRIPTION_URL then.
    #[arg(
        long,
        env = "SCANYARD_SUBSCRIPTION_URL",
        value_name = "URL",
        hide_env_values = true,
        required_unless_present = "url_file"
    )]
    pub url: Option<String>,

    /// File that holds the address.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub url_file: Option<PathBuf>,

    #[command(flatten)]
    pub filter: EventFilterArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// What messages look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A CloudEvent, signed as Standard Webhooks are. The secret is printed once.
    Cloudevents,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of a Teams workflow.
    Teams,
}

impl Form {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            Form::Cloudevents => "cloudevents",
            Form::Slack => "slack",
            Form::Teams => "teams",
        }
    }
}

/// One subscription.
#[derive(Debug, Args)]
pub struct SubscriptionArgs {
    /// The subscription's id.
    pub id: Uuid,

    #[command(flatten)]
    pub service: ServiceArgs,
}
