//! `scanyard rescan`: the whole fleet again, on a running service.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bulk::view::Bulk;
use super::bulk::{connect, get, wait};
use crate::cli::RescanArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::line_progress::LineProgress;

/// How often a rescan is asked after.
const POLL: Duration = Duration::from_millis(500);

/// A rescan as the service tells it.
#[derive(Debug, Deserialize)]
struct Rescan {
    id: u64,
    state: String,
    full: bool,
    packages: u64,
    packages_matched: u64,
    rate: Option<f64>,
    changes: u64,
    package_sets_changed: u64,
}

impl Rescan {
    fn read(answer: &Value) -> anyhow::Result<Self> {
        Self::deserialize(answer).context("the service told of no rescan")
    }

    fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "passed_over")
    }
}

impl fmt::Display for Rescan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.full { "full" } else { "delta" };
        write!(
            f,
            "rescan {} ({kind}) is {}",
            self.id,
            self.state.replace('_', " ")
        )?;
        write!(
            f,
            ": {} of {} packages matched",
            self.packages_matched, self.packages
        )?;
        if let Some(rate) = self.rate.filter(|_| !self.is_final()) {
            write!(f, ", {rate:.0} a second")?;
        }
        if self.state == "done" {
            write!(
                f,
                "; {} findings changed, in {} package sets",
                self.changes, self.package_sets_changed
            )?;
        }
        Ok(())
    }
}

/// Does what the command says.
pub async fn run(args: RescanArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let answer = match args.cancel {
        Some(id) => {
            let path = format!("v1/rescans/{id}");
            client
                .answer(client.request(Method::DELETE, &path)?)
                .await?
        }
        None => ask(&client, &args).await?,
    };
    if args.recatalog {
        return recatalog(&client, &args, &answer).await;
    }
    let answer = match args.no_wait {
        true => answer,
        false => see_through(&client, answer).await?,
    };
    if args.service.json {
        println!("{answer}");
    } else {
        println!("{}", Rescan::read(&answer)?);
    }
    Ok(Exit::Done)
}

async fn ask(client: &Client, args: &RescanArgs) -> anyhow::Result<Value> {
    let kind = match (args.recatalog, args.full) {
        (true, _) => "recatalog",
        (_, true) => "full",
        _ => "delta",
    };
    let request = client.request(Method::POST, "v1/rescans")?;
    client.answer(request.json(&json!({ "kind": kind }))).await
}

async fn see_through(client: &Client, mut answer: Value) -> anyhow::Result<Value> {
    let mut progress = LineProgress::start();
    loop {
        let rescan = Rescan::read(&answer)?;
        if rescan.is_final() {
            return Ok(answer);
        }
        progress.show(rescan.packages_matched, rescan.packages, &rescan);
        tokio::time::sleep(POLL).await;
        answer = get(client, &format!("v1/rescans/{}", rescan.id)).await?;
    }
}

async fn recatalog(client: &Client, args: &RescanArgs, answer: &Value) -> anyhow::Result<Exit> {
    let bulk = Bulk::read(answer)?;
    if !args.no_wait {
        return wait(client, bulk.id, &args.service).await;
    }
    if args.service.json {
        println!("{answer}");
    } else {
        println!("{bulk}");
    }
    Ok(Exit::Done)
}
