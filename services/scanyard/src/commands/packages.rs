//! `scanyard packages`: names of packages that images of a running service hold.

use serde::Deserialize;

use super::ask::{self, Question};
use crate::cli::{PackagesArgs, SelectionArgs};
use crate::columns::{number, table};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Name>,
}

#[derive(Debug, Deserialize)]
struct Name {
    kind: String,
    name: String,
    packages: u64,
}

/// Searches packages.
pub async fn run(args: PackagesArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let question = Question::new("v1/packages", &SelectionArgs::default())
        .with("search", &args.text)
        .with("limit", args.limit);
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    let list: List = question.ask(&client).await?;
    let rows: Vec<_> = list
        .items
        .into_iter()
        .map(|name| [number(name.packages), name.kind, name.name])
        .collect();
    print!("{}", table([">VERSIONS", "KIND", "NAME"], &rows));
    Ok(Exit::Done)
}
