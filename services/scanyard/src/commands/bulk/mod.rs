//! `scanyard bulk`: many images at once, on a running service.

pub(super) mod view;

use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use reqwest::{Body, Method, header};
use serde_json::{Value, json};
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::submit::api_key;
use crate::cli::{
    BulkArgs, BulkCommand, BulkListArgs, BulkStatusArgs, BulkSubmitArgs, ServiceArgs,
};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::line_progress::LineProgress;
use view::{Bulk, Failures, Page};

/// How often a bulk is asked after.
const POLL: Duration = Duration::from_secs(1);
/// Longest upload. The service ends one that sends nothing long before.
const UPLOAD: Duration = Duration::from_secs(24 * 3600);

/// Does what the command says.
pub async fn run(command: BulkCommand) -> anyhow::Result<Exit> {
    match command {
        BulkCommand::Submit(args) => submit(args).await,
        BulkCommand::List(args) => list(args).await,
        BulkCommand::Status(args) => status(args).await,
        BulkCommand::Pause(args) => change(args, "pause").await,
        BulkCommand::Resume(args) => change(args, "resume").await,
        BulkCommand::Cancel(args) => change(args, "cancel").await,
        BulkCommand::Retry(args) => change(args, "retry").await,
        BulkCommand::Failures(args) => failures(args).await,
    }
}

/// The service that the options name.
pub fn connect(service: &ServiceArgs) -> anyhow::Result<Client> {
    Client::new(&service.server, api_key(service.api_key_file.as_deref())?)
}

async fn submit(args: BulkSubmitArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let answer = match &args.file {
        Some(file) => upload(&client, file, args.platform.as_deref()).await?,
        None => {
            let request = client.request(Method::POST, "v1/bulk")?.json(&json!({
                "registry": args.registry,
                "repositories": args.repositories,
                "tags": args.tags,
                "newest": args.newest,
                "platform": args.platform,
            }));
            client.answer(request).await?
        }
    };
    let bulk = Bulk::read(&answer)?;
    for rejection in &bulk.rejections {
        anstream::eprintln!("{rejection}");
    }
    if args.wait {
        return wait(&client, bulk.id, &args.service).await;
    }
    if args.service.json {
        println!("{answer}");
    } else {
        println!("{}", bulk.id);
        anstream::eprintln!(
            "{bulk}\nadd --wait to see it through, or ask later: scanyard bulk status {}",
            bulk.id
        );
    }
    Ok(Exit::Done)
}

/// Streams a file, however long it is.
async fn upload(client: &Client, file: &Path, platform: Option<&str>) -> anyhow::Result<Value> {
    let lines = open_lines(file).await.map_err(|error| {
        Failure::new(
            format!("cannot read {}: {error}", file.display()),
            "name a file with a reference a line, or - for standard input",
        )
    })?;
    let mut request = client
        .request(Method::POST, "v1/bulk")?
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .timeout(UPLOAD)
        .body(Body::wrap_stream(ReaderStream::new(lines)));
    if let Some(platform) = platform {
        request = request.query(&[("platform", platform)]);
    }
    client.answer(request).await
}

/// A file, or standard input.
async fn open_lines(file: &Path) -> std::io::Result<File> {
    if file != Path::new("-") {
        return File::open(file).await;
    }
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    Ok(File::from_std(input.into()))
}

pub(super) async fn get(client: &Client, path: &str) -> anyhow::Result<Value> {
    client.answer(client.request(Method::GET, path)?).await
}

async fn list(args: BulkListArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let answer = get(&client, &format!("v1/bulk?limit={}", args.limit)).await?;
    if args.service.json {
        println!("{answer}");
        return Ok(Exit::Done);
    }
    let page: Page = serde_json::from_value(answer).context("the list is not understood")?;
    for bulk in page.items {
        println!("{}  {bulk}", bulk.id);
    }
    Ok(Exit::Done)
}

async fn status(args: BulkStatusArgs) -> anyhow::Result<Exit> {
    let BulkArgs { id, service } = args.bulk;
    let client = connect(&service)?;
    if args.wait {
        return wait(&client, id, &service).await;
    }
    show(&get(&client, &format!("v1/bulk/{id}")).await?, &service)?;
    Ok(Exit::Done)
}

async fn change(args: BulkArgs, change: &str) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let request = client.request(Method::POST, &format!("v1/bulk/{}/{change}", args.id))?;
    show(&client.answer(request).await?, &args.service)?;
    Ok(Exit::Done)
}

fn show(answer: &Value, service: &ServiceArgs) -> anyhow::Result<()> {
    if service.json {
        println!("{answer}");
    } else {
        println!("{}", Bulk::read(answer)?);
    }
    Ok(())
}

async fn failures(args: BulkArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let answer = get(&client, &format!("v1/bulk/{}/failures", args.id)).await?;
    if args.service.json {
        println!("{answer}");
        return Ok(Exit::Done);
    }
    let groups: Vec<Failures> =
        serde_json::from_value(answer).context("the failures are not understood")?;
    for group in groups {
        println!("{group}");
    }
    Ok(Exit::Done)
}

/// Shows progress until the bulk has ended. What did not get its result is no success.
pub(super) async fn wait(client: &Client, id: Uuid, service: &ServiceArgs) -> anyhow::Result<Exit> {
    let path = format!("v1/bulk/{id}");
    let mut progress = LineProgress::start();
    let (answer, bulk) = loop {
        let answer = get(client, &path).await?;
        let bulk = Bulk::read(&answer)?;
        if bulk.is_final() {
            break (answer, bulk);
        }
        let counts = &bulk.counts;
        let ended = counts.done + counts.failed + counts.cancelled;
        progress.show(ended, counts.accepted, &bulk);
        tokio::time::sleep(POLL).await;
    };
    drop(progress);
    show(&answer, service)?;
    match bulk.shortfall() {
        None => Ok(Exit::Done),
        Some(shortfall) => Err(Failure::new(
            shortfall,
            format!("see why with `scanyard bulk failures {id}`; `bulk retry {id}` tries again"),
        )
        .into()),
    }
}
