//! `scanyard registry`: where the service pulls from, and with which credentials.

mod docker_config;

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use self::docker_config::read_docker_config;
use super::bulk::connect;
use crate::cli::{
    RegistryCommand, RegistryHostArgs, RegistryImportArgs, RegistrySetArgs, ServiceArgs,
};
use crate::client::Client;
use crate::columns::table;
use crate::exit::{Exit, Failure, printable};

/// Where a password or token may stand.
const PASSWORD: &str = "SCANYARD_REGISTRY_PASSWORD";
/// Bytes of a password, token or PEM file.
const LONGEST: u64 = 1 << 20;

/// Does what the command says.
pub async fn run(command: RegistryCommand) -> anyhow::Result<Exit> {
    match command {
        RegistryCommand::Add(args) => add(&args).await,
        RegistryCommand::Set(args) => set(&args).await,
        RegistryCommand::List(service) => list(&service).await,
        RegistryCommand::Show(args) => show(&args).await,
        RegistryCommand::Remove(args) => remove(&args).await,
        RegistryCommand::Import(args) => import(&args).await,
    }
}

async fn add(args: &RegistrySetArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let mut body = settings(args)?;
    body["host"] = args.host.as_str().into();
    let request = client.request(Method::POST, "v1/registries")?.json(&body);
    print(&client.answer(request).await?, args.service.json);
    Ok(Exit::Done)
}

async fn set(args: &RegistrySetArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let path = find(&client, &args.host).await?;
    let request = client.request(Method::PATCH, &path)?.json(&settings(args)?);
    print(&client.answer(request).await?, args.service.json);
    Ok(Exit::Done)
}

/// What the arguments say; what they leave out is not in it.
fn settings(args: &RegistrySetArgs) -> anyhow::Result<Value> {
    let mut body = json!({});
    let lists = [
        ("mirrors", &args.mirror),
        ("repositories", &args.repository),
        ("token_hosts", &args.token_host),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            body[name] = json!(list);
        }
    }
    if args.private {
        body["private_addresses"] = true.into();
    }
    if let Some(username) = &args.username {
        let password = read_secret("password")?;
        body["credentials"] = json!({"kind": "basic", "username": username, "password": password});
    } else if args.token {
        body["credentials"] = json!({"kind": "token", "token": read_secret("token")?});
    }
    if args.plain_http {
        body["transport"] = json!({"kind": "plain_http"});
    } else if args.authority.is_some() || args.client_certificate.is_some() {
        let read = |file: &Option<_>| file.as_deref().map(read_pem).transpose();
        body["transport"] = json!({
            "kind": "tls",
            "authority": read(&args.authority)?,
            "client_certificate": read(&args.client_certificate)?,
            "client_key": read(&args.client_key)?,
        });
    }
    Ok(body)
}

/// A secret from the environment or standard input: command lines are public.
fn read_secret(what: &str) -> anyhow::Result<String> {
    let given = std::env::var(PASSWORD).ok();
    if let Some(secret) = given.filter(|secret| !secret.is_empty()) {
        return Ok(secret);
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        anstream::eprintln!("type the {what}, then Enter and Ctrl-D:");
    }
    let mut text = String::new();
    stdin
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read the {what} from standard input"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        let message = format!("no {what} was given");
        let remedy = format!("pipe it into the command, or set {PASSWORD}");
        return Err(Failure::new(message, remedy).into());
    }
    Ok(secret.to_owned())
}

fn read_pem(file: &Path) -> anyhow::Result<String> {
    let cannot = || format!("cannot read {}", file.display());
    let mut text = String::new();
    let opened = fs::File::open(file).with_context(cannot)?;
    opened
        .take(LONGEST)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    Ok(text)
}

async fn registries(client: &Client) -> anyhow::Result<Value> {
    client
        .answer(client.request(Method::GET, "v1/registries")?)
        .await
}

/// The path of the registry of a host.
async fn find(client: &Client, host: &str) -> anyhow::Result<String> {
    let known = registries(client).await?;
    path_of(&known, host).ok_or_else(|| {
        let message = format!("the service knows no registry {}", printable(host));
        Failure::new(message, "list them with `scanyard registry list`").into()
    })
}

fn path_of(known: &Value, host: &str) -> Option<String> {
    let mut items = known["items"].as_array().into_iter().flatten();
    let is_of = |registry: &&Value| {
        let known = registry["host"].as_str();
        known.is_some_and(|known| known.eq_ignore_ascii_case(host))
    };
    let registry = items.find(is_of)?;
    Some(format!("v1/registries/{}", registry["id"].as_str()?))
}

async fn list(service: &ServiceArgs) -> anyhow::Result<Exit> {
    let answer = registries(&connect(service)?).await?;
    if service.json {
        println!("{answer}");
        return Ok(Exit::Done);
    }
    let items = answer["items"].as_array().into_iter().flatten();
    let rows: Vec<[String; 5]> = items.map(row).collect();
    let header = [
        "HOST",
        "CREDENTIALS",
        "CONNECTION",
        "MIRRORS",
        "REPOSITORIES",
    ];
    print!("{}", table(header, &rows));
    Ok(Exit::Done)
}

fn row(registry: &Value) -> [String; 5] {
    let words = |name: &str, none: &str| {
        let items = registry[name].as_array().into_iter().flatten();
        let items: Vec<_> = items.map(text).collect();
        match items.is_empty() {
            true => none.to_owned(),
            false => items.join(" "),
        }
    };
    let is = |name: &str| registry[name] == true;
    let user = text(&registry["username"]);
    let connection = [
        if is("plain_http") {
            "plain http"
        } else {
            "tls"
        },
        if is("has_authority") {
            "own authority"
        } else {
            ""
        },
        if is("has_client_certificate") {
            "certificate"
        } else {
            ""
        },
        if is("private_addresses") {
            "private"
        } else {
            ""
        },
    ];
    let connection: Vec<_> = connection
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    [
        text(&registry["host"]),
        format!("{} {user}", text(&registry["credentials"]))
            .trim_end()
            .to_owned(),
        connection.join(", "),
        words("mirrors", "none"),
        words("repositories", "all"),
    ]
}

fn print(registry: &Value, as_json: bool) {
    if as_json {
        println!("{registry}");
        return;
    }
    let [host, credentials, connection, mirrors, repositories] = row(registry);
    println!("host:         {host}");
    println!("credentials:  {credentials}");
    println!("connection:   {connection}");
    println!("mirrors:      {mirrors}");
    println!("repositories: {repositories}");
}

async fn show(args: &RegistryHostArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let path = find(&client, &args.host).await?;
    let registry = client.answer(client.request(Method::GET, &path)?).await?;
    print(&registry, args.service.json);
    Ok(Exit::Done)
}

async fn remove(args: &RegistryHostArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let path = find(&client, &args.host).await?;
    client.send(client.request(Method::DELETE, &path)?).await?;
    Ok(Exit::Done)
}

async fn import(args: &RegistryImportArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let found = read_docker_config(&read_pem(&args.file)?)?;
    let known = registries(&client).await?;
    for (host, credentials) in &found.credentials {
        let body = json!({ "credentials": credentials });
        let request = match path_of(&known, host) {
            Some(path) => client.request(Method::PATCH, &path)?.json(&body),
            None => {
                let body = json!({ "host": host, "credentials": credentials });
                client.request(Method::POST, "v1/registries")?.json(&body)
            }
        };
        client.answer(request).await?;
        println!("{}", printable(host));
    }
    for host in &found.without {
        anstream::eprintln!("{}: its credentials are not in the file", printable(host));
    }
    Ok(Exit::Done)
}

fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or_default())
}
