//! What new advisories changed since a moment.

use std::fmt::Write;

use serde::Deserialize;

use crate::cli::ChangesArgs;
use crate::columns::{number, table};
use crate::commands::ask::{self, Question};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Changes {
    from_revision: i64,
    to_revision: i64,
    vulnerabilities: Vec<Changed>,
    cut: bool,
}

#[derive(Debug, Deserialize)]
struct Changed {
    id: String,
    severity: String,
    new: u64,
    fixed: u64,
    changed: u64,
}

/// Asks, and prints what changed.
pub async fn run(args: ChangesArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let question = Question::new("v1/fleet/changes", &args.selection)
        .with("since", &args.since)
        .with("limit", args.limit);
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    print!("{}", describe(&question.ask(&client).await?));
    Ok(Exit::Done)
}

fn describe(changes: &Changes) -> String {
    let mut text = format!(
        "from advisory revision {} to {}\n\n",
        changes.from_revision, changes.to_revision
    );
    let rows: Vec<_> = changes
        .vulnerabilities
        .iter()
        .map(|changed| {
            [
                changed.severity.clone(),
                number(changed.new),
                number(changed.fixed),
                number(changed.changed),
                changed.id.clone(),
            ]
        })
        .collect();
    let header = [
        "SEVERITY",
        ">NEW IN",
        ">GONE FROM",
        ">OTHER IN",
        "VULNERABILITY",
    ];
    text.push_str(&table(header, &rows));
    if changes.cut {
        let _ = writeln!(text, "... and more, less severe; ask for them with --limit");
    }
    text
}
