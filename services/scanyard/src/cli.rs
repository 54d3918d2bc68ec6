//! The command line: every command, option and its help.

mod bulk;
mod cache;
mod events;
mod examples;
mod hooks;
mod lifecycle;
mod output;
mod policy;
mod questions;
mod registries;
mod rescan;
mod service;

use std::path::PathBuf;
use std::str::FromStr;

pub use bulk::*;
pub use cache::*;
pub use events::*;
pub use hooks::*;
pub use lifecycle::*;
pub use output::*;
pub use policy::*;
pub use questions::*;
pub use registries::*;
pub use rescan::*;
pub use service::*;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use scanyard_oci::{Credentials, RegistryOptions};
use scanyard_package::Severity;

/// Knows what is vulnerable in every container image you run.
#[derive(Debug, Parser)]
#[command(name = "scanyard", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done; 1 could not do it; 2 gate failed; 3 incomplete \
    coverage with --require-complete; 64 wrong usage."
)]
pub struct Cli {
    /// Log filter for standard error, such as `info` or `scanyard_worker=debug`.
    #[arg(long, global = true, env = "SCANYARD_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Form of the log lines.
    #[arg(long, global = true, env = "SCANYARD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl From<LogFormat> for scanyard_telemetry::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan one image in this process, without any service.
    Scan(ScanArgs),
    /// Write a stored JSON report in another form, or judge it again.
    Convert(ConvertArgs),
    /// Build, update or describe the advisory database.
    #[command(subcommand)]
    Db(DbCommand),
    /// See or empty the cache of layer inventories.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Compare versions: reads `left<TAB>right` lines, prints `<`, `=`, `>` or `error: ...`.
    Versions(VersionsArgs),
    /// Say why a package is, or is not, affected by an advisory.
    Explain(ExplainArgs),
    /// Run the whole service in one process, with nothing else to install.
    Serve(Box<ServeArgs>),
    /// Run a gateway of a cluster: the REST API.
    Gateway(Box<GatewayRoleArgs>),
    /// Run a worker of a cluster: it pulls and catalogs layers, and matches packages.
    Worker(Box<WorkerRoleArgs>),
    /// Run a scheduler of a cluster: of several, one leads and the others stand by.
    Scheduler(Box<SchedulerRoleArgs>),
    /// Make, list and revoke API keys, directly in the store.
    Key(Box<KeyArgs>),
    /// Ask a running service how it is; exits with 0 when it is well.
    Health(HealthArgs),
    /// Submit an image to a running service and, if asked, wait for its findings.
    Submit(SubmitArgs),
    /// Try out policies: rules by which images pass or fail.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Tell others of accepted risks.
    #[command(subcommand)]
    Waiver(WaiverCommand),
    /// Submit many images to a running service, and see them through.
    #[command(subcommand)]
    Bulk(BulkCommand),
    /// See repositories, their tags and what those named, on a running service.
    #[command(subcommand)]
    Repository(RepositoryCommand),
    /// Let go of an image on a running service: no answer about now counts it any more.
    Forget(ForgetArgs),
    /// Remove what retention no longer keeps and nothing needs, directly in the store. A scheduler
    /// does it every hour.
    Gc(Box<GcArgs>),
    /// Ask which images have a vulnerability, or a package in a range of versions.
    WhoHas(Box<WhoHasArgs>),
    /// List images of a running service, by what they are and what is wrong with them.
    Images(Box<ImagesArgs>),
    /// Search the packages that images of a running service hold.
    Packages(PackagesArgs),
    /// Ask about the whole fleet of a running service.
    #[command(subcommand)]
    Fleet(Box<FleetCommand>),
    /// Show what one image has otherwise than another, or than itself at an earlier moment.
    Compare(CompareArgs),
    /// Show what new advisories changed about images that a running service knows.
    Events(Box<EventsArgs>),
    /// Show what happened to an image: its tags, and what new advisories changed.
    History(HistoryArgs),
    /// Have messages sent when new advisories change something: webhooks, Slack, Teams.
    #[command(subcommand)]
    Subscriptions(SubscriptionsCommand),
    /// Let registries tell of pushes and deletions, so that images are scanned as they come.
    #[command(subcommand)]
    Hook(HookCommand),
    /// Add, list and remove the registries that the service pulls from, with their credentials.
    #[command(subcommand)]
    Registry(Box<RegistryCommand>),
    /// Match the whole fleet again, or catalog outdated images again, and see it through.
    #[command(after_help = examples::RESCAN)]
    Rescan(RescanArgs),
    /// See it work: start a service, scan a small image that is built on the spot, show findings.
    Demo(DemoArgs),
    /// Print a completion script for your shell.
    #[command(after_help = examples::COMPLETION)]
    Completion {
        /// The shell to complete in.
        shell: clap_complete::Shell,
    },
}

/// Where an image comes from, as help shows it.
const SOURCE_HELP: &str = "\
The image to scan:
  alpine:3.18, docker://ghcr.io/a/b@sha256:...   pulled from a registry
  oci:DIR[:TAG or @DIGEST]                       an OCI layout
  oci-archive:FILE[:TAG]                         an OCI layout in a tar
  docker-archive:FILE[:TAG]                      what `docker save` writes
  rootfs:DIR                                     a root file system on disk
  sbom:FILE                                      a bill of materials, CycloneDX or SPDX 2 JSON";

/// `scanyard scan`.
#[derive(Debug, Args)]
#[command(after_help = examples::SCAN)]
pub struct ScanArgs {
    #[arg(value_name = "SOURCE", help = SOURCE_HELP)]
    pub source: String,

    /// Advisory database: a file, or the directory that `db update` fills.
    #[arg(long, env = "SCANYARD_DB", value_name = "FILE-OR-DIR")]
    pub db: Option<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,

    /// Platform to scan of an image for several.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,

    /// Read lock files too (package-lock.json, Cargo.lock, poetry.lock, go.mod and others): what an
    /// application would install, whether or not the image has it.
    #[arg(long)]
    pub lockfiles: bool,

    /// Look for credentials too: in text files of every layer, deleted ones included, and in the
    /// image's config. Values are masked.
    #[arg(long)]
    pub secrets: bool,

    /// Check too how the image is built and configured: root, credentials in the environment, setuid
    /// files, downloads without a checksum and the like.
    #[arg(long)]
    pub checks: bool,

    /// Neither read nor write cached layer inventories.
    #[arg(long)]
    pub no_cache: bool,

    #[command(flatten)]
    pub cache: CacheArgs,

    /// Say on standard error where the time went. Threads work side by side, so that the stages of
    /// layers together take more than passes on a clock.
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "table")]
    pub timings: Option<TimingsForm>,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub suppressions: SuppressionArgs,

    #[command(flatten)]
    pub gate: GateArgs,
}

/// How to say where the time went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimingsForm {
    /// A table for people.
    Table,
    /// One line of JSON.
    Json,
}

/// What to convert, and into what.
#[derive(Debug, Args)]
#[command(after_help = examples::CONVERT)]
pub struct ConvertArgs {
    /// A report written with `--format json`; `-` for standard input.
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub gate: GateArgs,
}

/// When a scan counts as failed.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// Exit with 2 when a finding is at least this severe.
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub fail_on: Option<FailOn>,

    /// Exit with 2 when there are secrets, those in documentation, tests and examples left out. A
    /// scan looks for them then; a service only if it was started with --secrets, or else it is 3.
    #[arg(long)]
    pub fail_on_secrets: bool,

    /// Exit with 2 when a check is not passed that is at least this severe. A scan makes them then; a
    /// service only if it was started with --checks, or else it is 3.
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub fail_on_checks: Option<FailOn>,

    /// Exit with 3 when anything in the image could not be assessed.
    #[arg(long)]
    pub require_complete: bool,

    /// Hold the image against a policy: exit with 2 when one of its rules fails it, with 3 when one
    /// that could fail it cannot be decided. Repeatable. `scanyard policy test` tries one out.
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,
}

impl ScanArgs {
    /// Looks for what rules of policies ask about.
    pub fn look_for(&mut self, asks_about: impl Fn(&str) -> bool) {
        self.secrets |= self.gate.fail_on_secrets || asks_about("secrets");
        self.checks |= self.gate.fail_on_checks.is_some() || asks_about("checks");
    }
}

impl GateArgs {
    /// Whether anything can fail it.
    pub fn is_set(&self) -> bool {
        self.fail_on.is_some()
            || self.fail_on_secrets
            || self.fail_on_checks.is_some()
            || self.require_complete
            || !self.policy.is_empty()
    }
}

/// Severities that a gate can be set at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Low and worse.
    Low,
    /// Medium and worse.
    Medium,
    /// High and worse.
    High,
    /// Critical only.
    Critical,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Low => Severity::Low,
            FailOn::Medium => Severity::Medium,
            FailOn::High => Severity::High,
            FailOn::Critical => Severity::Critical,
        }
    }
}

/// How to talk to registries. Credentials come from docker's config.json and its helpers, or from
/// the two environment variables.
#[derive(Debug, Args)]
pub struct RegistryArgs {
    /// Verify the registry's TLS certificate.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    pub tls_verify: bool,

    /// Talk to the registry without TLS. Loopback addresses are tried without it anyway.
    #[arg(long)]
    pub plain_http: bool,

    /// User name for the registry. The password or token comes from SCANYARD_REGISTRY_PASSWORD, so
    /// that it stays out of process lists.
    #[arg(long, env = "SCANYARD_REGISTRY_USERNAME", value_name = "NAME")]
    pub username: Option<String>,
}

impl RegistryArgs {
    /// The options as the registry client takes them; the password from the environment.
    pub fn options(&self) -> RegistryOptions {
        let password = std::env::var("SCANYARD_REGISTRY_PASSWORD").ok();
        let credentials = self
            .username
            .clone()
            .zip(password)
            .map(|(username, password)| Credentials { username, password });
        RegistryOptions {
            tls_verify: self.tls_verify,
            plain_http: self.plain_http,
            credentials,
            ..RegistryOptions::default()
        }
    }
}

/// `scanyard db`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Compile advisories into one database file.
    #[command(after_help = examples::DB_BUILD)]
    Build {
        /// A directory in the layout of the OSV bucket, one zip, or a directory of JSON files;
        /// directories in it that are named as a source hold that source's files.
        #[arg(long, value_name = "PATH")]
        from: PathBuf,
        /// The file to write, or the directory to write it in.
        #[arg(long, value_name = "FILE-OR-DIR")]
        output: PathBuf,
    },
    /// Download advisories: everything at first, then only what changed.
    #[command(after_help = examples::DB_UPDATE)]
    Update {
        /// Only these sources, by name; or the address of a bucket in the layout of the OSV export,
        /// beside whose ecosystems the other sources are looked for.
        #[arg(
            long,
            env = "SCANYARD_ADVISORY_SOURCE",
            value_name = "NAME|URL",
            value_delimiter = ','
        )]
        source: Vec<String>,
        /// Where a source is mirrored, with its files as its publisher has them.
        #[arg(
            long,
            env = "SCANYARD_ADVISORY_MIRRORS",
            value_name = "NAME=URL",
            value_delimiter = ','
        )]
        mirror: Vec<Mirror>,
        /// Directory that keeps the database and what it was built from.
        #[arg(long, env = "SCANYARD_DB", value_name = "DIR")]
        db: Option<PathBuf>,
    },
    /// Show revision, date, age, sources and records per ecosystem.
    #[command(after_help = examples::DB_STATUS)]
    Status {
        /// Advisory database: a file, or the directory that `db update` fills.
        #[arg(long, env = "SCANYARD_DB", value_name = "FILE-OR-DIR")]
        db: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Check the whole file against its checksum.
        #[arg(long)]
        verify: bool,
    },
}

/// A source and where it is mirrored: `alpine=https://mirror.example.com/secdb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The source's name.
    pub source: String,
    /// Where its files are.
    pub url: String,
}

impl FromStr for Mirror {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((source, url)) if !source.is_empty() && url.contains("://") => Ok(Self {
                source: source.to_owned(),
                url: url.to_owned(),
            }),
            _ => Err("a mirror is given as NAME=URL"),
        }
    }
}

/// `scanyard versions`.
#[derive(Debug, Args)]
#[command(after_help = examples::VERSIONS)]
pub struct VersionsArgs {
    /// deb, rpm, apk, semver, pep440, maven, rubygems, nuget, packagist, go, pub, hackage, cran,
    /// jvm, bitnami, pacman or portage.
    pub scheme: String,
}

/// `scanyard explain`.
#[derive(Debug, Args)]
#[command(after_help = examples::EXPLAIN)]
pub struct ExplainArgs {
    /// The package: pkg:deb/debian/libssl3@3.0.11-1~deb12u1?distro=debian-12&upstream=openssl
    pub purl: String,
    /// An advisory id, a CVE or any other alias.
    pub advisory: String,
    /// Advisory database: a file, or the directory that `db update` fills.
    #[arg(long, env = "SCANYARD_DB", value_name = "FILE-OR-DIR")]
    pub db: Option<PathBuf>,
}

/// `scanyard submit`.
#[derive(Debug, Args)]
#[command(after_help = examples::SUBMIT)]
pub struct SubmitArgs {
    /// The image, such as registry.example.com/team/app:1.4, or sbom:FILE.
    pub reference: String,

    /// What a bill of materials describes; the file's name unless given.
    #[arg(long, value_name = "NAME[:TAG]")]
    pub name: Option<String>,

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

    /// Platform to scan, or `all`.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,

    /// Wait for the result and print it. A gate implies it.
    #[arg(long)]
    pub wait: bool,

    /// Longest wait, in seconds.
    #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
    pub timeout: u64,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub suppressions: SuppressionArgs,

    #[command(flatten)]
    pub gate: GateArgs,
}

/// `scanyard demo`.
#[derive(Debug, Args)]
#[command(after_help = examples::DEMO)]
pub struct DemoArgs {
    /// Stay up after the scan, until interrupted.
    #[arg(long)]
    pub keep_running: bool,

    /// Address to listen on; a free port of the loopback interface unless told.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR:PORT")]
    pub listen: std::net::SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself() {
        for command in Cli::command().get_subcommands() {
            assert!(
                command.get_about().is_some(),
                "{} has no help",
                command.get_name()
            );
        }
    }
}
