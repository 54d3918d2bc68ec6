//! Names each request, follows its trace, logs it and counts it.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use scanyard_telemetry::{continue_trace, name};
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::trace_context::TraceContext;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs the request in a span of its own. Neither headers nor bodies are ever logged.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = method_label(request.method());
    let route = route_label(&request);
    let span = tracing::info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        trace_id = tracing::field::Empty,
        method,
        route = %route,
    );
    let trace = trace_of(&request, &span);
    span.record("trace_id", trace.trace_id());
    request.extensions_mut().insert(trace);
    let mut response = async move {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        tracing::debug!(status, elapsed = ?started.elapsed(), "answered");
        response
    }
    .instrument(span)
    .await;
    count(method, &route, &response, started);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The request's place in the client's trace, or in one that begins here.
fn trace_of(request: &Request, span: &Span) -> TraceContext {
    let trace = TraceContext::continue_from(request.headers());
    if let Some(given) = request.headers().get("traceparent")
        && let Ok(given) = given.to_str()
    {
        continue_trace(span, given);
    }
    TraceContext::of_span(span).unwrap_or(trace)
}

/// The client's own id, if it is short and plain, so that both sides' logs speak of the same.
fn request_id(request: &Request) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let given = request.headers().get(REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len()) && bytes.iter().all(plain)
    });
    let new = || HeaderValue::try_from(Uuid::now_v7().to_string());
    given
        .cloned()
        .or_else(|| new().ok())
        .unwrap_or(HeaderValue::from_static("unnamed"))
}

/// The route's template, never the path: labels do not come from clients.
fn route_label(request: &Request) -> String {
    request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned())
}

fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn count(method: &'static str, route: &str, response: &Response, started: Instant) {
    let status = response.status().as_str().to_owned();
    let labels = [
        ("route", route.to_owned()),
        ("method", method.to_owned()),
        ("status", status),
    ];
    metrics::counter!(name::HTTP_REQUESTS, &labels).increment(1);
    metrics::histogram!(name::HTTP_SECONDS, &labels[..2]).record(started.elapsed());
}
