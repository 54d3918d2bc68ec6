//! The few upgrades that remove most findings.

use std::fmt::Write;

use serde::Deserialize;

use crate::cli::FixPlanArgs;
use crate::columns::{number, table};
use crate::commands::ask::{self, Question, Total};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Plan {
    steps: Vec<Step>,
    findings: Total,
    fixable: Total,
    images: u64,
}

#[derive(Debug, Deserialize)]
struct Step {
    upgrade: Upgrade,
    removes: Total,
    images: Total,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Upgrade {
    Base {
        tag: String,
    },
    Package {
        package: String,
        fixed_versions: Vec<String>,
    },
}

/// Asks, and prints the plan.
pub async fn run(args: FixPlanArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let question = Question::new("v1/fleet/fix-plan", &args.selection).with("limit", args.limit);
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    print!("{}", describe(&question.ask(&client).await?));
    Ok(Exit::Done)
}

fn describe(plan: &Plan) -> String {
    let mut text = format!(
        "{} findings in {} images, {} of them fixable\n\n",
        plan.findings,
        number(plan.images),
        plan.fixable
    );
    let mut removed = 0;
    let rows: Vec<_> = (1..)
        .zip(&plan.steps)
        .map(|(place, step)| {
            removed += step.removes.count;
            let share = match plan.fixable.count {
                0 => 0,
                all => removed * 100 / all,
            };
            [
                place.to_string(),
                step.removes.to_string(),
                format!("{share} %"),
                step.images.to_string(),
                name(&step.upgrade),
            ]
        })
        .collect();
    let header = [">STEP", ">REMOVES", ">IN ALL", ">IMAGES", "UPGRADE"];
    text.push_str(&table(header, &rows));
    let _ = writeln!(text, "\nsome images of each step: --json");
    text
}

fn name(upgrade: &Upgrade) -> String {
    match upgrade {
        Upgrade::Base { tag } => format!("build again on {tag}"),
        Upgrade::Package {
            package,
            fixed_versions,
        } => match fixed_versions.as_slice() {
            [] => package.clone(),
            versions => format!("{package} (fixed: {})", versions.join(", ")),
        },
    }
}
