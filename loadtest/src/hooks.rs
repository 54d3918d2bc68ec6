//! Push webhooks: how many a gateway takes a second while workers are busy with what they tell of,
//! and how long it takes from the end of a push until findings can be read.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use scanyard_testkit::{FakeRegistry, Image, Layer, RealRegistry};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::timing::Times;

const POLL: Duration = Duration::from_millis(5);
/// Longest that findings of a push may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Images that deliveries tell of, over and over.
const IMAGES: usize = 200;

/// What to measure.
#[derive(Debug, Args)]
pub struct HooksArgs {
    /// Address of the gateway; loopback only.
    #[arg(long)]
    server: String,
    /// File with the API key.
    #[arg(long)]
    api_key_file: PathBuf,
    /// Deliveries, each of a push of its own.
    #[arg(long, default_value_t = 20_000)]
    deliveries: usize,
    /// Connections that deliver.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Pushes into a registry, with new layers and with known ones.
    #[arg(long, default_value_t = 50)]
    pushes: usize,
}

struct Load {
    http: Client,
    server: String,
    key: String,
}

struct Hook {
    url: String,
    secret: String,
}

/// Measures and prints.
pub fn run(args: &HooksArgs) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(args))
}

async fn measure(args: &HooksArgs) -> anyhow::Result<()> {
    ensure!(
        args.server.starts_with("http://127.0.0.1:"),
        "load is for http://127.0.0.1 only"
    );
    let key = std::fs::read_to_string(&args.api_key_file)?;
    let load = Arc::new(Load {
        http: Client::new(),
        server: args.server.clone(),
        key: key.trim().to_owned(),
    });
    let hook = Arc::new(add_hook(&load).await?);
    pushes(&load, &hook, args.pushes).await?;
    deliveries(&load, &hook, args).await
}

async fn add_hook(load: &Load) -> anyhow::Result<Hook> {
    let request = load
        .request(Method::POST, "/v1/hooks")
        .json(&json!({"name": "loadtest", "kind": "distribution"}));
    let hook: Value = request.send().await?.error_for_status()?.json().await?;
    let text = |name: &str| hook[name].as_str().map(str::to_owned);
    Ok(Hook {
        url: text("url").context("the hook has no url")?,
        secret: text("secret").context("the hook has no secret")?,
    })
}

/// From the end of a push to its findings, one push after the other.
async fn pushes(load: &Load, hook: &Hook, count: usize) -> anyhow::Result<()> {
    let authorization = format!("Bearer {}", hook.secret);
    let registry = RealRegistry::start_telling(&hook.url, &authorization).await;
    let Some(registry) = registry else {
        return Ok(());
    };
    let base = layer("base", 0);
    registry
        .push("cold", "base", &Image::new(vec![base.clone()]))
        .await;
    let (mut cold, mut known) = (Times::default(), Times::default());
    for index in 0..count {
        let own = layer("own", index);
        let images = [
            (
                &mut cold,
                "cold",
                Image::new(vec![base.clone(), own.clone()]),
            ),
            // The same layers in another order: another image without anything to read.
            (&mut known, "known", Image::new(vec![own, base.clone()])),
        ];
        for (times, repository, image) in images {
            registry
                .push(repository, &format!("t{index}"), &image)
                .await;
            let began = Instant::now();
            let path = format!("/v1/images/{}", image.digest());
            await_findings(load, &path).await?;
            times.add(began);
        }
    }
    for (what, times) in [("new", &cold), ("known", &known)] {
        let (median, late) = (times.at(0.5), times.at(0.95));
        println!("push to findings, {what} layers: median {median:.0} ms, p95 {late:.0} ms");
    }
    Ok(())
}

async fn await_findings(load: &Load, path: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let answer = load.request(Method::GET, path).send().await?;
        if answer.status() == StatusCode::OK {
            let image: Value = answer.json().await?;
            if image["summary"]["findings"].is_object() {
                return Ok(());
            }
        }
        ensure!(began.elapsed() < PATIENCE, "no findings of {path}");
        tokio::time::sleep(POLL).await;
    }
}

fn layer(name: &str, index: usize) -> Layer {
    let package = format!("Package: {name}-{index}\nStatus: install ok installed\nVersion: 1\n\n");
    Layer::gzip(&[
        ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        ("var/lib/dpkg/status", &package),
    ])
}

/// Delivers pushes as fast as they are taken. What they tell of keeps the workers busy.
async fn deliveries(load: &Arc<Load>, hook: &Arc<Hook>, args: &HooksArgs) -> anyhow::Result<()> {
    let registry = FakeRegistry::start().await;
    for index in 0..IMAGES {
        let image = Image::new(vec![layer("fleet", index)]);
        registry.push("fleet", &format!("t{index}"), &image);
    }
    let host = Arc::new(registry.address());
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut delivering = JoinSet::new();
    for _ in 0..args.connections {
        let (load, hook) = (Arc::clone(load), Arc::clone(hook));
        let (next, host, count) = (Arc::clone(&next), Arc::clone(&host), args.deliveries);
        delivering.spawn(async move { deliver(&load, &hook, &host, &next, count).await });
    }
    let mut times = Times::default();
    while let Some(done) = delivering.join_next().await {
        times.extend(done??);
    }
    let rate = args.deliveries as f64 / began.elapsed().as_secs_f64();
    let (median, late) = (times.at(0.5), times.at(0.99));
    println!("deliveries: {rate:.0}/s; p50 {median:.1} ms, p99 {late:.1} ms");
    Ok(())
}

async fn deliver(
    load: &Load,
    hook: &Hook,
    host: &str,
    next: &AtomicUsize,
    count: usize,
) -> anyhow::Result<Times> {
    let mut times = Times::default();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= count {
            return Ok(times);
        }
        let body = json!({"events": [{
            "id": format!("{host} {index}"),
            "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "repository": "fleet",
                "tag": format!("t{}", index % IMAGES),
            },
            "request": {"host": host},
        }]});
        let request = load
            .http
            .post(&hook.url)
            .bearer_auth(&hook.secret)
            .json(&body);
        let began = Instant::now();
        let status = request.send().await?.status();
        ensure!(
            status == StatusCode::ACCEPTED,
            "a delivery was answered {status}"
        );
        times.add(began);
    }
}

impl Load {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server));
        request.bearer_auth(&self.key)
    }
}
