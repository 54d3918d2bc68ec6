//! One trace leads from a request to the last job that it caused.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use scanyard_testkit::{FakeRegistry, Image, Layer};

const PATIENCE: Duration = Duration::from_secs(60);

/// Names of spans by the trace that they are in.
type Spans = Arc<Mutex<HashMap<Vec<u8>, BTreeSet<String>>>>;

/// An OpenTelemetry collector that keeps what comes.
async fn start_collector() -> (String, Spans) {
    let spans = Spans::default();
    let router = Router::new()
        .route("/v1/traces", post(collect))
        .with_state(Arc::clone(&spans));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), spans)
}

async fn collect(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        spans
            .lock()
            .unwrap()
            .entry(span.trace_id)
            .or_default()
            .insert(span.name);
    }
}

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
    let (collector, spans) = start_collector().await;
    let (_service, server) = start_service(dir.path(), &collector);
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
    let trace = hex::decode(trace).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = spans
            .lock()
            .unwrap()
            .get(&trace)
            .cloned()
            .unwrap_or_default();
        if expected.iter().all(|name| found.contains(*name)) {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
