//! One trace leads from a request to the last job that it caused.

#![allow(clippy::unwrap_used)]

mod collector;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use collector::Collector;
use scanyard_testkit::{FakeRegistry, Image, Layer};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends when it is dropped.
struct Serve(Child);

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the service; its process and its address.
fn start_service(dir: &std::path::Path, collector: &str) -> (Serve, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_scanyard"))
        .args(["serve", "--listen", "127.0.0.1:0", "--insecure-no-auth"])
        .args(["--otlp-endpoint", collector])
        .env("SCANYARD_DATA_DIR", dir.join("data"))
        .env("SCANYARD_DB", dir.join("no-advisories"))
        .env("SCANYARD_ALLOW_REGISTRY", "*")
        .env("SCANYARD_ALLOW_PRIVATE_REGISTRIES", "true")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();
    (Serve(process), address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_all_its_jobs_are_one_trace() {
    let dir = tempfile::tempdir().unwrap();
    let registry = FakeRegistry::start().await;
    let layers = vec![
        Layer::gzip(&[("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")]),
        Layer::gzip(&[("app/name", "app\n")]),
    ];
    registry.push("team/app", "1", &Image::new(layers));
    let collector = Collector::start().await;
    let (_service, server) = start_service(dir.path(), collector.address());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let sent = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = sent
        .post(format!("{server}/v1/scans"))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .header("prefer", "wait=30")
        .json(&serde_json::json!({ "reference": registry.reference("team/app", "1") }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());

    let expected = ["request", "job", "resolve", "catalog", "assemble"];
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = collector.of_trace(trace);
        let is_there = |name: &&str| found.iter().any(|(_, found)| found == name);
        if expected.iter().all(is_there) {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
