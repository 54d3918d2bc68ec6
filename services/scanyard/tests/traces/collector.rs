//! An OpenTelemetry collector that keeps what comes.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

/// A span: which service sent it, and its name.
pub type Named = (String, String);

/// What it got. It ends with the test's runtime.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    /// By the trace that they are in.
    spans: Arc<Mutex<HashMap<Vec<u8>, BTreeSet<Named>>>>,
    address: String,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new()
            .route("/v1/traces", post(collect))
            .with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    /// Where spans are sent to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The spans of a trace, whose id is in hexadecimal.
    pub fn of_trace(&self, trace: &str) -> BTreeSet<Named> {
        let trace = hex::decode(trace).unwrap();
        let spans = self.spans.lock().unwrap();
        spans.get(&trace).cloned().unwrap_or_default()
    }
}

async fn collect(State(collector): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = collector.spans.lock().unwrap();
    for resource in request.resource_spans {
        let service = service_of(&resource);
        for span in resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
        {
            let named = (service.clone(), span.name);
            spans.entry(span.trace_id).or_default().insert(named);
        }
    }
}

fn service_of(spans: &ResourceSpans) -> String {
    let attributes = spans
        .resource
        .iter()
        .flat_map(|resource| &resource.attributes);
    let name = attributes
        .filter(|attribute| attribute.key == "service.name")
        .find_map(|attribute| attribute.value.as_ref()?.value.as_ref());
    match name {
        Some(Value::StringValue(name)) => name.clone(),
        other => panic!("no name of a service: {other:?}"),
    }
}
