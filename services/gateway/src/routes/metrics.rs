//! Metrics for Prometheus.
//!
//! Open to whoever reaches the listening address: they hold counts by route, stage and outcome, and
//! nothing of any tenant. Scrapers rarely carry keys; keep the address private instead.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{AppendHeaders, IntoResponse};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::Gateway;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(get_metrics))
}

/// Metrics in the text format of Prometheus.
///
/// Needs no key; holds nothing of any tenant.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()),
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain")))]
async fn get_metrics(State(gateway): State<Gateway>) -> impl IntoResponse {
    let headers = AppendHeaders([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")]);
    (headers, gateway.metrics().render())
}
