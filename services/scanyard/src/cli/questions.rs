//! Questions across the fleet of a running service.

use clap::{Args, Subcommand, ValueEnum};

use super::{ServiceArgs, examples};

/// The forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    Table,
    /// What the service answers.
    Json,
    /// Everything, with a line of names first.
    Csv,
    /// Everything, a JSON object a line.
    Ndjson,
}

/// Which images and findings are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which images and findings; all of them unless told")]
pub struct SelectionArgs {
    /// Repositories: `*` is anything up to a slash, `**` anything.
    #[arg(long, value_name = "PATTERN")]
    pub repository: Option<String>,

    /// Distro, or a release of it: debian, debian-12.
    #[arg(long, value_name = "DISTRO")]
    pub distro: Option<String>,

    /// A label that images have.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub label: Option<String>,

    /// Findings at least this severe: negligible, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY")]
    pub min_severity: Option<String>,

    /// Findings that a newer version no longer has.
    #[arg(long)]
    pub fixable: bool,

    /// Findings in the catalogue of known exploited vulnerabilities.
    #[arg(long)]
    pub known_exploited: bool,

    /// Findings at least so likely to be exploited within thirty days, 0 to 1.
    #[arg(long, value_name = "PROBABILITY")]
    pub min_epss: Option<f64>,

    /// Images first seen then or later, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub first_seen_from: Option<String>,

    /// Images last seen then or later, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub last_seen_from: Option<String>,

    /// Images last seen before, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub last_seen_before: Option<String>,

    /// Images that no tag names any more.
    #[arg(long)]
    pub untagged: bool,

    /// As it was at this moment, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
}

impl SelectionArgs {
    /// The parameters that the service takes.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("repository", &self.repository),
            ("distro", &self.distro),
            ("label", &self.label),
            ("min_severity", &self.min_severity),
            ("first_seen_from", &self.first_seen_from),
            ("last_seen_from", &self.last_seen_from),
            ("last_seen_before", &self.last_seen_before),
            ("as_of", &self.as_of),
        ];
        let flags = [
            ("fixable", self.fixable),
            ("known_exploited", self.known_exploited),
            ("untagged", self.untagged),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        let flags = flags.map(|(name, _)| (name, "true".to_owned()));
        let epss = self.min_epss.map(|least| ("min_epss", least.to_string()));
        texts.chain(flags).chain(epss).collect()
    }
}

/// `scanyard who-has`.
#[derive(Debug, Args)]
#[command(after_help = examples::WHO_HAS)]
pub struct WhoHasArgs {
    /// A vulnerability (CVE-2021-44228, GHSA-..., any id of it); or a package, by name or purl.
    #[arg(value_name = "VULNERABILITY|PACKAGE")]
    pub subject: String,

    /// Versions of the package, in the order of its ecosystem: '>=2.0,<2.17.1', alternatives after
    /// '||', or vers:maven/...
    #[arg(long, value_name = "RANGE")]
    pub range: Option<String>,

    /// Images too whose version cannot be compared with the range.
    #[arg(long, requires = "range")]
    pub undetermined: bool,

    /// Form of the answer; csv and ndjson list every image.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub format: AnswerFormat,

    /// Images shown at most.
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard images`.
#[derive(Debug, Args)]
#[command(after_help = examples::IMAGES)]
pub struct ImagesArgs {
    /// Form of the answer; csv and ndjson list every image.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub format: AnswerFormat,

    /// Images shown at most.
    #[arg(long, default_value_t = 50, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard packages`.
#[derive(Debug, Args)]
#[command(after_help = examples::PACKAGES)]
pub struct PackagesArgs {
    /// What the names of packages contain.
    #[arg(value_name = "TEXT")]
    pub text: String,

    /// Names shown at most.
    #[arg(long, default_value_t = 50, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// What to ask about the fleet as a whole.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Count images and findings.
    Summary(FleetSummaryArgs),
    /// List the vulnerabilities that most images have.
    #[command(after_help = examples::FLEET_TOP)]
    Top(TopArgs),
    /// List the images with the worst findings.
    #[command(after_help = examples::FLEET_WORST)]
    Worst(ImagesArgs),
    /// Show what new advisories changed since a moment.
    Changes(ChangesArgs),
    /// Find the few upgrades of packages and base images that remove most findings.
    FixPlan(FixPlanArgs),
}

/// `scanyard fleet top`.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Vulnerabilities shown at most.
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard fleet changes`.
#[derive(Debug, Args)]
#[command(after_help = examples::FLEET_CHANGES)]
pub struct ChangesArgs {
    /// What changed after this moment, RFC 3339.
    #[arg(value_name = "SINCE")]
    pub since: String,

    /// Vulnerabilities shown at most.
    #[arg(long, default_value_t = 50, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard fleet fix-plan`.
#[derive(Debug, Args)]
#[command(after_help = examples::FIX_PLAN)]
pub struct FixPlanArgs {
    /// Upgrades shown at most.
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard compare`.
#[derive(Debug, Args)]
#[command(after_help = examples::COMPARE)]
pub struct CompareArgs {
    /// Digest of the first image.
    pub image: String,

    /// Digest of the second; the first image as it is now unless given.
    #[arg(required_unless_present = "as_of")]
    pub other: Option<String>,

    /// The first image as it was at this moment, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard fleet summary`.
#[derive(Debug, Args)]
#[command(after_help = examples::FLEET_SUMMARY)]
pub struct FleetSummaryArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub service: ServiceArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_asked_for() {
        assert_eq!(SelectionArgs::default().query(), []);
        let selection = SelectionArgs {
            distro: Some("debian".to_owned()),
            fixable: true,
            min_epss: Some(0.5),
            ..SelectionArgs::default()
        };
        let expected = [
            ("distro", "debian"),
            ("fixable", "true"),
            ("min_epss", "0.5"),
        ];
        assert_eq!(
            selection.query(),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }
}
