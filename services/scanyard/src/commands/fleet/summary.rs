//! The fleet in numbers.

use std::fmt::Write;

use serde::Deserialize;

use crate::cli::FleetSummaryArgs;
use crate::columns::{number, table};
use crate::commands::ask::{self, Question};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Summary {
    images: u64,
    unassessed: u64,
    incomplete: Option<u64>,
    images_by_worst: Counts,
    findings: Counts,
    revision: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Counts {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    negligible: u64,
    unknown: u64,
    #[serde(default)]
    none: u64,
    #[serde(default)]
    undetermined: u64,
}

/// Asks, and prints the numbers.
pub async fn run(args: FleetSummaryArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let question = Question::new("v1/fleet/summary", &args.selection);
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    print!("{}", describe(&question.ask(&client).await?));
    Ok(Exit::Done)
}

fn describe(summary: &Summary) -> String {
    let (images, findings) = (&summary.images_by_worst, &summary.findings);
    let rows = [
        ("critical", images.critical, Some(findings.critical)),
        ("high", images.high, Some(findings.high)),
        ("medium", images.medium, Some(findings.medium)),
        ("low", images.low, Some(findings.low)),
        ("negligible", images.negligible, Some(findings.negligible)),
        ("unknown", images.unknown, Some(findings.unknown)),
        ("none", images.none, None),
    ];
    let rows = rows.map(|(worst, images, findings)| {
        let findings = findings.map_or_else(String::new, number);
        [worst.to_owned(), number(images), findings]
    });
    let mut text = format!("{} images\n\n", number(summary.images));
    text.push_str(&table(["WORST", ">IMAGES", ">FINDINGS"], &rows));
    text.push('\n');
    if summary.unassessed > 0 {
        let _ = writeln!(
            text,
            "images not scanned yet: {}",
            number(summary.unassessed)
        );
    }
    match summary.incomplete {
        Some(0) | None => {}
        Some(incomplete) => {
            let _ = writeln!(
                text,
                "images with something that could not be assessed: {}; undetermined findings: {}",
                number(incomplete),
                number(findings.undetermined)
            );
        }
    }
    match summary.revision {
        Some(revision) => {
            let _ = writeln!(text, "advisory revision {revision}");
        }
        None => text.push_str("no advisories were matched yet\n"),
    }
    text
}
