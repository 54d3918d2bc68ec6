//! `scanyard compare`: what one image has otherwise than another, or than itself before.

use std::fmt::Write;

use serde::Deserialize;

use super::ask::{self, Question};
use crate::cli::{CompareArgs, SelectionArgs};
use crate::columns::{number, table};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Comparison {
    packages: Packages,
    findings: Findings,
}

#[derive(Debug, Deserialize)]
struct Packages {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<ChangedPackage>,
    same: u64,
}

#[derive(Debug, Deserialize)]
struct ChangedPackage {
    before: Vec<String>,
    after: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Findings {
    added: Vec<Finding>,
    removed: Vec<Finding>,
    changed: Vec<ChangedFinding>,
    same: u64,
}

#[derive(Debug, Deserialize)]
struct ChangedFinding {
    after: Finding,
}

#[derive(Debug, Deserialize)]
struct Finding {
    id: String,
    package: String,
    severity: String,
}

/// Asks, and prints the differences.
pub async fn run(args: CompareArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let other = args.other.as_ref().unwrap_or(&args.image);
    let path = format!("v1/images/{}/compare/{other}", args.image);
    let mut question = Question::new(&path, &SelectionArgs::default());
    if let Some(as_of) = &args.as_of {
        question = question.with("as_of", as_of);
    }
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    print!("{}", describe(&question.ask(&client).await?));
    Ok(Exit::Done)
}

fn describe(comparison: &Comparison) -> String {
    let packages = &comparison.packages;
    let mut text = format!("{} packages are the same\n", number(packages.same));
    for purl in &packages.removed {
        let _ = writeln!(text, "- {purl}");
    }
    for purl in &packages.added {
        let _ = writeln!(text, "+ {purl}");
    }
    for changed in &packages.changed {
        let (before, after) = (changed.before.join(" "), changed.after.join(" "));
        let _ = writeln!(text, "~ {before} -> {after}");
    }
    let findings = &comparison.findings;
    let _ = writeln!(text, "\n{} findings are the same", number(findings.same));
    let changed = findings.changed.iter().map(|changed| ("~", &changed.after));
    let rows: Vec<_> = findings
        .removed
        .iter()
        .map(|finding| ("-", finding))
        .chain(findings.added.iter().map(|finding| ("+", finding)))
        .chain(changed)
        .map(|(sign, finding)| {
            [
                sign.to_owned(),
                finding.severity.clone(),
                finding.id.clone(),
                finding.package.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(["", "SEVERITY", "VULNERABILITY", "PACKAGE"], &rows));
    }
    text
}
