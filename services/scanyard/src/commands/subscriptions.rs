//! `scanyard subscriptions`: who is told of events.

use std::fs;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bulk::connect;
use super::event_table::{SUBSCRIPTION_HEADER, delivery_line, subscription_line};
use crate::cli::{
    EventFilterArgs, ServiceArgs, SubscriptionArgs, SubscriptionsAddArgs, SubscriptionsCommand,
};
use crate::exit::{Exit, Failure};

/// Does what the command says.
pub async fn run(command: SubscriptionsCommand) -> anyhow::Result<Exit> {
    match command {
        SubscriptionsCommand::Add(args) => add(args).await,
        SubscriptionsCommand::List(service) => list(&service).await,
        SubscriptionsCommand::Test(args) => test(&args).await,
        SubscriptionsCommand::Remove(args) => remove(&args).await,
    }
}

async fn add(args: SubscriptionsAddArgs) -> anyhow::Result<Exit> {
    let url = match (&args.url, &args.url_file) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .trim()
            .to_owned(),
        (None, None) => String::new(),
    };
    let client = connect(&args.service)?;
    let request = client
        .request(Method::POST, "v1/subscriptions")?
        .json(&json!({
            "name": args.name,
            "form": args.form.name(),
            "url": url,
            "filter": filter_body(&args.filter),
        }));
    let created = client.answer(request).await?;
    if args.service.json {
        println!("{created}");
        return Ok(Exit::Done);
    }
    println!("{}", created["id"].as_str().unwrap_or_default());
    if let Some(secret) = created["secret"].as_str() {
        println!("{secret}");
        anstream::eprintln!(
            "the second line is what messages are signed with; it is not shown again"
        );
    }
    Ok(Exit::Done)
}

fn filter_body(filter: &EventFilterArgs) -> Value {
    let kinds: Vec<_> = filter.kind.iter().map(|kind| kind.name()).collect();
    let severity = filter.min_severity.map(scanyard_package::Severity::from);
    json!({
        "kinds": kinds,
        "min_severity": severity.map(|severity| severity.name()),
        "fixable": filter.fixable,
        "known_exploited": filter.known_exploited,
        "repository": filter.repository,
    })
}

async fn list(service: &ServiceArgs) -> anyhow::Result<Exit> {
    let client = connect(service)?;
    let request = client.request(Method::GET, "v1/subscriptions")?;
    let answer = client.answer(request).await?;
    if service.json {
        println!("{answer}");
        return Ok(Exit::Done);
    }
    println!("{SUBSCRIPTION_HEADER}");
    for subscription in answer["items"].as_array().into_iter().flatten() {
        println!("{}", subscription_line(subscription));
    }
    Ok(Exit::Done)
}

async fn test(args: &SubscriptionArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let request = client.request(Method::POST, &path(args.id, "/test"))?;
    let delivery = client.answer(request).await?;
    if args.service.json {
        println!("{delivery}");
    } else {
        println!("{}", delivery_line(&delivery));
    }
    if delivery["state"] == "delivered" {
        return Ok(Exit::Done);
    }
    let remedy = "check the receiver's address, and that the service may reach it";
    Err(Failure::new("the test message was not delivered", remedy).into())
}

async fn remove(args: &SubscriptionArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let request = client.request(Method::DELETE, &path(args.id, ""))?;
    client.send(request).await?;
    Ok(Exit::Done)
}

fn path(id: Uuid, rest: &str) -> String {
    format!("v1/subscriptions/{id}{rest}")
}
