//! `scanyard policy`: rules by which images pass or fail.

use std::path::Path;

use anyhow::Context;
use chrono::Utc;
use scanyard_report::Report;

use crate::cli::{DecisionFormat, PolicyCommand, PolicyTestArgs};
use crate::exit::{Exit, Failure};
use crate::policies;

/// Largest report that is read.
const MAX_REPORT: usize = 512 << 20;

/// Runs the command.
pub fn run(command: PolicyCommand) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Test(args) => test(&args),
    }
}

fn test(args: &PolicyTestArgs) -> anyhow::Result<Exit> {
    let policies = policies::read_policies(std::slice::from_ref(&args.file))?;
    let Some(file) = &args.report else {
        let rules = policies
            .iter()
            .map(|policy| policy.rules.len())
            .sum::<usize>();
        println!("{} is a policy of {rules} rules", args.file.display());
        return Ok(Exit::Done);
    };
    let (waivers, vex) = (&args.suppressions.waivers, &args.suppressions.vex);
    let suppressions = policies::read_suppressions(waivers, vex)?;
    let mut report = read_report(file)?;
    let context = policies::context_of_report(&report);
    suppressions.apply(&mut report, &context, Utc::now());
    let decision = policies::decide(&policies, &report, &context)?;
    let decision = decision.context("there is no policy")?;
    match args.format {
        DecisionFormat::Json => println!("{}", serde_json::to_string_pretty(&decision)?),
        DecisionFormat::Text => {
            for policy in &decision.policies {
                println!("{}", policies::printable_lines(&policy.describe(true)));
            }
            if !decision.complete {
                println!(
                    "partial answer: gaps in what could be assessed: {}",
                    decision.gaps
                );
            }
        }
    }
    Ok(policies::exit_of(decision.outcome))
}

fn read_report(file: &Path) -> anyhow::Result<Report> {
    let content = policies::read_bytes(file, MAX_REPORT)?;
    serde_json::from_slice(&content).map_err(|error| {
        let message = format!("{} is no report: {error}", file.display());
        Failure::new(message, "write one with `scanyard scan --format json`").into()
    })
}
