//! `scanyard policy`, and what commands with a gate take of policies, waivers and VEX.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::examples;

/// `scanyard policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Try a policy out: every rule, what it decides, and the verdict.
    #[command(after_help = examples::POLICY_TEST)]
    Test(PolicyTestArgs),
}

/// `scanyard policy test`.
#[derive(Debug, Args)]
pub struct PolicyTestArgs {
    /// The policy, YAML or JSON.
    pub file: PathBuf,

    /// The image to hold against it: a report that `scan --format json` wrote. Without one the policy
    /// is only checked.
    #[arg(long, value_name = "REPORT.JSON")]
    pub report: Option<PathBuf>,

    #[command(flatten)]
    pub suppressions: SuppressionArgs,

    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = DecisionFormat::Text)]
    pub format: DecisionFormat,
}

/// The forms of what policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecisionFormat {
    /// For people.
    Text,
    /// Every rule and finding.
    Json,
}

/// What takes findings out.
#[derive(Debug, Args)]
pub struct SuppressionArgs {
    /// Waivers: findings that do not count until a day, with a reason and somebody who answers for
    /// it. Repeatable. `scanyard policy test --help` shows such a file.
    #[arg(long, value_name = "FILE")]
    pub waivers: Vec<PathBuf>,

    /// A VEX document: OpenVEX, CSAF or CycloneDX. What it says is not affected or fixed does not
    /// count. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub vex: Vec<PathBuf>,
}

/// `scanyard waiver`.
#[derive(Debug, Subcommand)]
pub enum WaiverCommand {
    /// Write an OpenVEX document of waivers: each risk as `affected`, with who accepts it and why.
    /// Waivers that have expired are left out, and those that name neither an image nor a package.
    #[command(after_help = examples::WAIVER_EXPORT)]
    Export(WaiverExportArgs),
}

/// `scanyard waiver export`.
#[derive(Debug, Args)]
pub struct WaiverExportArgs {
    /// The waivers.
    pub file: PathBuf,

    /// Who says so, as the document names its author.
    #[arg(long, value_name = "NAME")]
    pub author: String,

    /// The document's id, an IRI; made up unless given.
    #[arg(long, value_name = "IRI")]
    pub id: Option<String>,
}
