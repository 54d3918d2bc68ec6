//! `scanyard scan`: one image, in this process.

use std::time::Instant;

use chrono::Utc;
use scanyard_advisory::{Database, Info};
use scanyard_inventory::CatalogerSet;
use scanyard_matching::{Matcher, image_coverage};
use scanyard_oci::{Platform, PlatformSelect, Source};
use scanyard_report::{AdvisoryFacts, LookedFor, Report, ReportInput, pair_findings};
use scanyard_timing::{Stage, Timings};

use crate::cache::Cache;
use crate::cli::ScanArgs;
use crate::exit::{Exit, Failure, Usage};
use crate::image_scan::{self, ScanOptions, Scanned};
use crate::{database, output, policies, timing_table};

/// Scans and prints.
pub async fn run(mut args: ScanArgs) -> anyhow::Result<Exit> {
    let source: Source = args
        .source
        .parse()
        .map_err(|error| Usage(format!("{error}")))?;
    let policies = policies::read_policies(&args.gate.policy)?;
    args.look_for(|variable| policies.iter().any(|policy| policy.asks_about(variable)));
    let (waivers, vex) = (&args.suppressions.waivers, &args.suppressions.vex);
    let suppressions = policies::read_suppressions(waivers, vex)?;
    let options = options(&args)?;
    let begun = Instant::now();
    let mut timings = Timings::default();
    let database = timings.measured(Stage::Open, || database::open_if_any(args.db.as_deref()))?;
    if database.is_none() && args.gate.fail_on.is_some() {
        return Err(Failure::new(
            "--fail-on needs advisories, and there is no advisory database",
            "run `scanyard db update`, or name a database with --db",
        )
        .into());
    }
    let scanned = image_scan::scan(&source, &options).await?;
    timings.merge(&scanned.timings);
    let mut report = timings.measured(Stage::Match, || {
        report(&source, scanned, &args, database.as_ref())
    });
    let context = policies::context_of(&source);
    let decision = timings.measured(Stage::Policy, || {
        suppressions.apply(&mut report, &context, Utc::now());
        policies::decide(&policies, &report, &context)
    })?;
    if let Some(database) = &database {
        database::ensure_intact(database)?;
    }
    timings.measured(Stage::Report, || {
        output::write(&report, decision.as_ref(), &args.output)
    })?;
    if let Some(form) = args.timings {
        timing_table::print(&timings, begun.elapsed(), form);
    }
    let decided = decision.as_ref().map_or(Exit::Done, policies::judge);
    Ok(decided.max(output::judge(&report, &args.gate)))
}

fn options(args: &ScanArgs) -> anyhow::Result<ScanOptions> {
    let set = CatalogerSet {
        lockfiles: args.lockfiles,
        secrets: args.secrets,
    };
    let platform = match &args.platform {
        Some(platform) => platform.parse().map_err(Usage)?,
        None => Platform::host(),
    };
    let cache = if args.no_cache {
        Cache::disabled()
    } else {
        Cache::new(args.cache.dir(), args.cache.most_bytes(), set.name())
    };
    Ok(ScanOptions {
        platforms: PlatformSelect::One(platform),
        registry: args.registry.options(),
        cache,
        set,
    })
}

/// Matches what was found and says everything about it.
fn report(
    source: &Source,
    scanned: Scanned,
    args: &ScanArgs,
    database: Option<&Database>,
) -> Report {
    let inventory = &scanned.inventory;
    let distro = inventory.distro.as_ref();
    let mut coverage = image_coverage(
        database,
        distro,
        inventory.packages.iter().map(|p| &p.package),
    );
    let mut findings = Vec::with_capacity(inventory.packages.len());
    if let Some(database) = database {
        let matcher = Matcher::new(database);
        for located in &inventory.packages {
            let outcome = matcher.match_package(&located.package, distro);
            findings.push(outcome.findings);
            coverage.extend(outcome.coverage);
        }
    }
    let mut report = Report::new(ReportInput {
        source: &source.to_string(),
        image: scanned.image,
        inventory,
        findings: pair_findings(inventory, findings),
        coverage,
        advisories: database.and_then(|database| facts(database.info())),
        looked_for: LookedFor {
            // A bill of materials has no files and no config.
            secrets: args.secrets && !matches!(source, Source::Sbom { .. }),
            checks: args.checks && !matches!(source, Source::Sbom { .. }),
            config: scanned.config,
        },
    });
    if let Some(database) = database {
        report.predict_exploits(|cve| database::predicted(database, cve));
    }
    report
}

/// A database without a dated record has nothing to match against.
fn facts(info: &Info) -> Option<AdvisoryFacts> {
    Some(AdvisoryFacts {
        revision: info.revision,
        date: info.date?,
    })
}
