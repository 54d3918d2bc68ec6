//! A running service under load: accepted scans a second, images a second, and how long somebody
//! who waits has to wait meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use reqwest::{Client, RequestBuilder, StatusCode};
use scanyard_testkit::{FakeRegistry, Image, Layer};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Layers that every image of the fleet has.
const BASE_LAYERS: usize = 5;
const POLL: Duration = Duration::from_millis(50);
/// Longest that a phase may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What to measure.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// Address of the gateway; loopback only.
    #[arg(long)]
    server: String,
    /// File with the API key.
    #[arg(long)]
    api_key_file: PathBuf,
    /// Requests of the phase that only posts.
    #[arg(long, default_value_t = 20_000)]
    posts: usize,
    /// Connections that post.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Images of the fleet, each with a layer of its own on a shared base.
    #[arg(long, default_value_t = 1_000)]
    images: usize,
    /// Scans that somebody waits for, in each phase that has them.
    #[arg(long, default_value_t = 40)]
    probes: usize,
}

struct Load {
    http: Client,
    server: String,
    key: String,
    registry: FakeRegistry,
}

/// Measures and prints.
pub fn run(args: &ServiceArgs) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(args))
}

async fn measure(args: &ServiceArgs) -> anyhow::Result<()> {
    ensure!(
        args.server.starts_with("http://127.0.0.1:"),
        "load is for http://127.0.0.1 only"
    );
    let load = Arc::new(Load {
        http: Client::new(),
        server: args.server.clone(),
        key: std::fs::read_to_string(&args.api_key_file)?
            .trim()
            .to_owned(),
        registry: FakeRegistry::start().await,
    });
    let layers = push_fleet(&load.registry, args.images, args.probes);
    let idle = probe(&load, 0, args.probes).await?;
    println!("waiting scan, idle: {}", describe(idle));
    let new = bulk(&load, args.images).await?;
    report("new layers", args.images, new);
    let pulled = load.registry.count("/blobs/sha256:");
    println!("blobs and configs asked for: {pulled}; layers in the fleet: {layers}");
    let known = bulk(&load, args.images).await?;
    report("known layers", args.images, known);
    busy_probes(&load, args).await?;
    posts(&load, args).await
}

/// Tags `i0..` for the fleet and `p0..` for whoever waits; how many distinct layers there are.
fn push_fleet(registry: &FakeRegistry, images: usize, probes: usize) -> usize {
    let base: Vec<Layer> = (0..BASE_LAYERS).map(base_layer).collect();
    for (prefix, count) in [("i", images), ("p", 2 * probes)] {
        for index in 0..count {
            let own = format!(r#"{{"name":"app-{prefix}{index}","version":"1.0.0"}}"#);
            let mut layers = base.clone();
            layers.push(Layer::gzip(&[("srv/node_modules/app/package.json", &own)]));
            registry.push("fleet", &format!("{prefix}{index}"), &Image::new(layers));
        }
    }
    BASE_LAYERS + images + 2 * probes
}

fn base_layer(index: usize) -> Layer {
    if index == 0 {
        let status: String = (0..100)
            .map(|n| format!("Package: p{n}\nStatus: install ok installed\nVersion: 1.{n}\n\n"))
            .collect();
        return Layer::gzip(&[
            ("etc/os-release", "ID=debian\nVERSION_ID=\"11\"\n"),
            ("var/lib/dpkg/status", &status),
        ]);
    }
    let metadata = format!("Metadata-Version: 2.1\nName: lib{index}\nVersion: 1.0\n");
    let path = format!("usr/lib/python3/site-packages/lib{index}-1.0.dist-info/METADATA");
    Layer::gzip(&[(&path, &metadata)])
}

/// Scans the fleet as one bulk; how long from the last byte sent to the last result.
async fn bulk(load: &Load, images: usize) -> anyhow::Result<Duration> {
    let lines: String = (0..images)
        .map(|index| load.registry.reference("fleet", &format!("i{index}")) + "\n")
        .collect();
    let request = load
        .authorized(load.http.post(format!("{}/v1/bulk", load.server)))
        .header("Content-Type", "application/x-ndjson")
        .body(lines);
    let accepted: Value = request.send().await?.error_for_status()?.json().await?;
    let id = accepted["id"].as_str().context("the bulk has no id")?;
    let began = Instant::now();
    loop {
        let url = format!("{}/v1/bulk/{id}", load.server);
        let state: Value = load
            .authorized(load.http.get(url))
            .send()
            .await?
            .json()
            .await?;
        if state["state"] == "done" {
            return Ok(began.elapsed());
        }
        ensure!(began.elapsed() < PATIENCE, "the bulk did not end: {state}");
        tokio::time::sleep(POLL).await;
    }
}

/// Submits one scan after the other and waits for each; how long each took.
async fn probe(load: &Load, first: usize, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for index in first..first + count {
        let body = json!({"reference": load.registry.reference("fleet", &format!("p{index}"))});
        let began = Instant::now();
        let request = load
            .authorized(load.http.post(format!("{}/v1/scans", load.server)))
            .header("Prefer", "wait=60")
            .json(&body);
        let scan: Value = request.send().await?.error_for_status()?.json().await?;
        ensure!(scan["state"] == "done", "a probe did not end well: {scan}");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

async fn busy_probes(load: &Arc<Load>, args: &ServiceArgs) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let (background, images, stopped) = (Arc::clone(load), args.images, stop.clone());
    let bulks = tokio::spawn(async move {
        while !stopped.is_cancelled() {
            bulk(&background, images).await?;
        }
        anyhow::Ok(())
    });
    let busy = probe(load, args.probes, args.probes).await?;
    println!("waiting scan, under bulk: {}", describe(busy));
    stop.cancel();
    bulks.await?
}

/// Posts scans as fast as the gateway takes them. Interactive scans of images that are known.
async fn posts(load: &Arc<Load>, args: &ServiceArgs) -> anyhow::Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut posting = JoinSet::new();
    for _ in 0..args.connections {
        posting.spawn(post_until(Arc::clone(load), Arc::clone(&next), args.posts));
    }
    let mut times = Vec::with_capacity(args.posts);
    while let Some(done) = posting.join_next().await {
        times.extend(done??);
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    println!("POST /v1/scans: {rate:.0}/s; {}", describe(times));
    Ok(())
}

async fn post_until(
    load: Arc<Load>,
    next: Arc<AtomicUsize>,
    posts: usize,
) -> anyhow::Result<Vec<Duration>> {
    let body = json!({"reference": load.registry.reference("fleet", "i0"), "lane": "bulk"});
    let mut times = Vec::new();
    while next.fetch_add(1, Ordering::Relaxed) < posts {
        let began = Instant::now();
        let request = load
            .authorized(load.http.post(format!("{}/v1/scans", load.server)))
            .json(&body);
        let status = request.send().await?.status();
        ensure!(
            status == StatusCode::ACCEPTED,
            "a post was answered {status}"
        );
        times.push(began.elapsed());
    }
    Ok(times)
}

impl Load {
    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.key)
    }
}

fn report(what: &str, images: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    println!(
        "{what}: {images} images in {seconds:.2} s, {:.0}/s",
        images as f64 / seconds
    );
}

/// Median, 95th and 99th percentile of sorted times.
fn describe(sorted: Vec<Duration>) -> String {
    let at = |part: f64| {
        let last = sorted.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        sorted
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    format!(
        "p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms",
        at(0.5),
        at(0.95),
        at(0.99)
    )
}
