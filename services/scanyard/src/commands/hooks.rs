//! `scanyard hook`: registries that tell of pushes and deletions.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bulk::connect;
use crate::cli::{HookAddArgs, HookArgs, HookCommand, ServiceArgs};
use crate::client::Client;
use crate::columns::table;
use crate::exit::{Exit, Failure, printable};

/// Does what the command says.
pub async fn run(command: HookCommand) -> anyhow::Result<Exit> {
    match command {
        HookCommand::Add(args) => add(args).await,
        HookCommand::List(service) => list(&service).await,
        HookCommand::Show(args) => show(&args).await,
        HookCommand::Remove(args) => remove(&args).await,
    }
}

async fn add(args: HookAddArgs) -> anyhow::Result<Exit> {
    let kind = args.kind.0;
    let client = connect(&args.service)?;
    let request = client.request(Method::POST, "v1/hooks")?.json(&json!({
        "name": args.name.as_deref().unwrap_or(kind.name()),
        "kind": kind.name(),
        "registry": args.registry,
        "repositories": args.repository,
        "service_url": args.public_url.as_ref().unwrap_or(&args.service.server),
    }));
    let created = client.answer(request).await?;
    print(&created, args.service.json);
    if !args.service.json {
        anstream::eprintln!("the secret is not shown again");
    }
    Ok(Exit::Done)
}

fn print(hook: &Value, as_json: bool) {
    if as_json {
        println!("{hook}");
        return;
    }
    println!("hook: {}", text(&hook["id"]));
    println!("url: {}\n", text(&hook["url"]));
    for line in hook["settings"].as_array().into_iter().flatten() {
        println!("{}", text(line));
    }
}

async fn list(service: &ServiceArgs) -> anyhow::Result<Exit> {
    let client = connect(service)?;
    let answer = hooks(&client).await?;
    if service.json {
        println!("{answer}");
        return Ok(Exit::Done);
    }
    let items = answer["items"].as_array().into_iter().flatten();
    let rows: Vec<[String; 5]> = items.map(row).collect();
    let header = ["ID", "KIND", "NAME", "REGISTRY", "REPOSITORIES"];
    print!("{}", table(header, &rows));
    Ok(Exit::Done)
}

fn row(hook: &Value) -> [String; 5] {
    let patterns = hook["repositories"].as_array().into_iter().flatten();
    let patterns: Vec<_> = patterns.map(text).collect();
    let or = |value: String, other: &str| match value.is_empty() {
        true => other.to_owned(),
        false => value,
    };
    [
        text(&hook["id"]),
        text(&hook["kind"]),
        text(&hook["name"]),
        or(text(&hook["registry"]), "as told"),
        or(patterns.join(" "), "all"),
    ]
}

async fn show(args: &HookArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let path = find(&client, args.id).await?;
    let hook = client.answer(client.request(Method::GET, &path)?).await?;
    print(&hook, args.service.json);
    Ok(Exit::Done)
}

async fn remove(args: &HookArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let path = find(&client, args.id).await?;
    client.send(client.request(Method::DELETE, &path)?).await?;
    Ok(Exit::Done)
}

async fn hooks(client: &Client) -> anyhow::Result<Value> {
    client
        .answer(client.request(Method::GET, "v1/hooks")?)
        .await
}

/// The hook's path, which begins with its kind.
async fn find(client: &Client, id: Uuid) -> anyhow::Result<String> {
    let answer = hooks(client).await?;
    let id = id.to_string();
    let mut items = answer["items"].as_array().into_iter().flatten();
    let hook = items.find(|hook| hook["id"] == id.as_str());
    let path = hook.and_then(|hook| hook["path"].as_str());
    let path = path.ok_or_else(|| {
        Failure::new(
            "there is no such hook",
            "list your hooks with `scanyard hook list`",
        )
    })?;
    Ok(path.trim_start_matches('/').to_owned())
}

fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or_default())
}
