//! Options of the long-running commands, in groups that the roles share.
//!
//! Every option can come from the environment, where containers and service units keep theirs; a
//! configuration file would be a third place for the same thing.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use scanyard_worker::LookFor;
use uuid::Uuid;

use super::{Command, Mirror, RegistryArgs, RetentionArgs, WalkArgs};

impl Command {
    /// For commands that run until they are stopped: what the process is called in traces, and how
    /// it is watched.
    pub fn service(&self) -> Option<(&'static str, &TelemetryArgs)> {
        match self {
            Command::Serve(args) => Some(("scanyard", &args.telemetry)),
            Command::Gateway(args) => Some(("scanyard-gateway", &args.telemetry)),
            Command::Worker(args) => Some(("scanyard-worker", &args.telemetry)),
            Command::Scheduler(args) => Some(("scanyard-scheduler", &args.telemetry)),
            _ => None,
        }
    }
}

/// `scanyard serve`.
#[derive(Debug, Args)]
#[command(after_help = super::examples::SERVE)]
pub struct ServeArgs {
    #[command(flatten)]
    pub backend: BackendArgs,

    #[command(flatten)]
    pub gateway: GatewayArgs,

    #[command(flatten)]
    pub worker: WorkerArgs,

    #[command(flatten)]
    pub scheduler: SchedulerArgs,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub registries: RegistryRulesArgs,

    #[command(flatten)]
    pub sealing: SealingArgs,

    #[command(flatten)]
    pub notifications: NotificationArgs,

    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// `scanyard gateway`.
#[derive(Debug, Args)]
pub struct GatewayRoleArgs {
    #[command(flatten)]
    pub backend: BackendArgs,

    #[command(flatten)]
    pub gateway: GatewayArgs,

    /// Where the first API key is written, if there is no key at all yet.
    #[arg(long, env = "SCANYARD_FIRST_KEY_FILE", value_name = "FILE")]
    pub first_key_file: Option<PathBuf>,

    #[command(flatten)]
    pub registries: RegistryRulesArgs,

    #[command(flatten)]
    pub sealing: SealingArgs,

    #[command(flatten)]
    pub notifications: NotificationArgs,

    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// `scanyard worker`.
#[derive(Debug, Args)]
pub struct WorkerRoleArgs {
    #[command(flatten)]
    pub backend: BackendArgs,

    #[command(flatten)]
    pub worker: WorkerArgs,

    #[command(flatten)]
    pub registry: RoleRegistryArgs,

    #[command(flatten)]
    pub registries: RegistryRulesArgs,

    #[command(flatten)]
    pub sealing: SealingArgs,

    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// `scanyard scheduler`.
#[derive(Debug, Args)]
pub struct SchedulerRoleArgs {
    #[command(flatten)]
    pub backend: BackendArgs,

    #[command(flatten)]
    pub scheduler: SchedulerArgs,

    #[command(flatten)]
    pub registry: RoleRegistryArgs,

    #[command(flatten)]
    pub registries: RegistryRulesArgs,

    #[command(flatten)]
    pub sealing: SealingArgs,

    #[command(flatten)]
    pub notifications: NotificationArgs,

    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// How a role of a cluster talks to registries. It works for many, so the credentials of its
/// machine are not used unless told.
#[derive(Debug, Args)]
pub struct RoleRegistryArgs {
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Use docker's config.json and its helpers on this machine for everybody's images.
    #[arg(long, env = "SCANYARD_USE_DOCKER_CREDENTIALS")]
    pub use_docker_credentials: bool,
}

/// Where the state is: without the two addresses in a directory of this machine, with them in
/// Postgres and NATS, which any number of processes share.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "State")]
pub struct BackendArgs {
    /// Directory for the store, the queue and the first API key; in a cluster, for copies of the
    /// advisory database.
    #[arg(long, env = "SCANYARD_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// PostgreSQL 15 or newer: postgres://USER:PASSWORD@HOST/DATABASE. Command lines are public;
    /// give one with a password through the environment or a file.
    #[arg(
        long,
        env = "SCANYARD_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// File that holds the address of the database.
    #[arg(long, env = "SCANYARD_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,

    /// NATS 2.10 or newer with JetStream: nats://HOST:4222, or tls://; several servers of one
    /// cluster with commas.
    #[arg(
        long,
        env = "SCANYARD_NATS_URL",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub nats_url: Vec<String>,

    /// NATS credentials: a .creds file.
    #[arg(long, env = "SCANYARD_NATS_CREDENTIALS", value_name = "FILE")]
    pub nats_credentials: Option<PathBuf>,

    /// NATS credentials: the user whose password is in --nats-password-file.
    #[arg(long, env = "SCANYARD_NATS_USER", value_name = "NAME")]
    pub nats_user: Option<String>,

    /// File that holds the NATS user's password.
    #[arg(long, env = "SCANYARD_NATS_PASSWORD_FILE", value_name = "FILE")]
    pub nats_password_file: Option<PathBuf>,

    /// NATS credentials: a file that holds a token.
    #[arg(long, env = "SCANYARD_NATS_TOKEN_FILE", value_name = "FILE")]
    pub nats_token_file: Option<PathBuf>,

    /// Certificates (PEM) to trust the NATS servers by, beside the system's.
    #[arg(long, env = "SCANYARD_NATS_CA", value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,

    /// Our own certificate (PEM) for NATS servers that ask for one.
    #[arg(long, env = "SCANYARD_NATS_CERTIFICATE", value_name = "FILE")]
    pub nats_certificate: Option<PathBuf>,

    /// The private key (PEM) of --nats-certificate.
    #[arg(long, env = "SCANYARD_NATS_KEY", value_name = "FILE")]
    pub nats_key: Option<PathBuf>,

    /// Begins every name of ours on the NATS servers, so that installations can share them.
    #[arg(
        long,
        env = "SCANYARD_NATS_PREFIX",
        value_name = "NAME",
        default_value = "scanyard"
    )]
    pub nats_prefix: String,

    /// NATS servers that keep each message.
    #[arg(long, env = "SCANYARD_NATS_REPLICAS", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub nats_replicas: u8,
}

/// What the gateway does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gateway")]
pub struct GatewayArgs {
    /// Address to listen on.
    #[arg(
        long,
        env = "SCANYARD_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR:PORT"
    )]
    pub listen: SocketAddr,

    /// Accept requests without an API key; only on a loopback address.
    #[arg(long)]
    pub insecure_no_auth: bool,

    /// Accept images that are named by a path on the workers' machines, such as oci:DIR.
    #[arg(long, env = "SCANYARD_ALLOW_LOCAL_SOURCES")]
    pub allow_local_sources: bool,
}

/// What the worker does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Worker")]
pub struct WorkerArgs {
    /// Layers cataloged at the same time; the number of cores unless told.
    #[arg(long, env = "SCANYARD_CONCURRENCY", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: Option<u16>,

    /// Look for credentials in every image too: in text files of its layers, deleted ones included,
    /// and in its config. Values are masked. Images that are known already are looked at when they
    /// are scanned again.
    #[arg(long, env = "SCANYARD_SECRETS")]
    pub secrets: bool,

    /// Check too how every image is built and configured.
    #[arg(long, env = "SCANYARD_CHECKS")]
    pub checks: bool,
}

impl WorkerArgs {
    /// What is looked for beside packages.
    pub fn look_for(&self) -> LookFor {
        LookFor {
            secrets: self.secrets,
            checks: self.checks,
        }
    }
}

/// What the scheduler does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scheduler")]
pub struct SchedulerArgs {
    /// Advisory database: a file, or the directory that `db update` fills.
    #[arg(long, env = "SCANYARD_DB", value_name = "FILE-OR-DIR")]
    pub db: Option<PathBuf>,

    /// Keep the advisory database up to date by itself.
    #[arg(long, env = "SCANYARD_UPDATE_ADVISORIES")]
    pub update_advisories: bool,

    /// Only these sources, or the address of a bucket in the layout of the OSV export, for
    /// --update-advisories.
    #[arg(
        long,
        env = "SCANYARD_ADVISORY_SOURCE",
        value_name = "NAME|URL",
        value_delimiter = ','
    )]
    pub advisory_source: Vec<String>,

    /// Where a source of advisories is mirrored.
    #[arg(
        long,
        env = "SCANYARD_ADVISORY_MIRRORS",
        value_name = "NAME=URL",
        value_delimiter = ','
    )]
    pub advisory_mirror: Vec<Mirror>,

    /// Hours between updates of the advisories.
    #[arg(long, env = "SCANYARD_UPDATE_INTERVAL", default_value_t = 6, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub update_interval: u32,

    #[command(flatten)]
    pub retention: RetentionArgs,

    #[command(flatten)]
    pub walk: WalkArgs,
}

/// What secrets are kept with. All roles of a cluster are given the same.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Secrets")]
pub struct SealingArgs {
    /// File with the keys that credentials of registries, and receivers' addresses and secrets, are
    /// encrypted with: a line each, 32 random bytes in base64. The first encrypts, all decrypt.
    /// SCANYARD_SEALING_KEY holds the keys themselves; `serve` makes a key in its directory if none
    /// is given.
    #[arg(long, env = "SCANYARD_SEALING_KEY_FILE", value_name = "FILE")]
    pub sealing_key_file: Option<PathBuf>,
}

/// Which registries may be asked. All roles of a cluster are given the same.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Registries")]
pub struct RegistryRulesArgs {
    /// Registries that may be pulled from, beside those added with `scanyard registry add`: hosts in
    /// which `*` stands for anything. `well-known` is Docker Hub, GHCR, Quay, GitLab, those of the
    /// clouds and other public ones; `*` is every registry with a public address.
    #[arg(
        long,
        env = "SCANYARD_ALLOW_REGISTRY",
        value_name = "PATTERN",
        value_delimiter = ',',
        default_value = "well-known"
    )]
    pub allow_registry: Vec<String>,

    /// Pull from private, loopback and link-local addresses too, and let them be added.
    #[arg(long, env = "SCANYARD_ALLOW_PRIVATE_REGISTRIES")]
    pub allow_private_registries: bool,
}

/// How others are told of changes. Gateways and schedulers of a cluster are given the same.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Notifications")]
pub struct NotificationArgs {
    /// Send messages to private, loopback and link-local addresses too, and without TLS.
    #[arg(long, env = "SCANYARD_ALLOW_PRIVATE_RECEIVERS")]
    pub allow_private_receivers: bool,

    /// Address at which people reach this service, for links in messages.
    #[arg(long, env = "SCANYARD_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// How the process is watched.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// Also answer /healthz, /readyz and /metrics on this address, without a key.
    #[arg(long, env = "SCANYARD_METRICS_LISTEN", value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,

    /// OpenTelemetry collector to send spans to, by OTLP over HTTP: http://HOST:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

/// `scanyard key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(flatten)]
    pub backend: BackendArgs,

    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it; it is shown this once.
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
    },
    /// List keys, without the keys themselves.
    List,
    /// Revoke a key. Gateways that used it lately may take it for some seconds more.
    Revoke {
        /// The key's id, as `key list` shows it.
        id: Uuid,
    },
}

/// `scanyard health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// What to ask: /healthz says whether the process lives, /readyz whether it can be given work.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/healthz"
    )]
    pub url: String,

    /// Longest wait, in seconds.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=300))]
    pub timeout: u64,
}
