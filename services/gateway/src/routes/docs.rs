//! What the API is: its OpenAPI document, a page that shows it, and a signpost at the root.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::Config;

use crate::etag;
use crate::openapi::document_json;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(get_root))
        .routes(routes!(get_document))
        // Files of the page, not operations of the API.
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { page_file("index.html") }))
        .route(
            "/docs/{*file}",
            get(|Path(file): Path<String>| async move { page_file(&file) }),
        )
}

/// Where things are.
#[derive(Debug, Serialize, ToSchema)]
struct Signpost {
    /// What this is.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// The API, for people.
    docs: &'static str,
    /// The API, for machines.
    openapi: &'static str,
    /// Whether it can be given work.
    ready: &'static str,
    /// Where scans are submitted.
    scans: &'static str,
}

/// Where things are.
#[utoipa::path(get, path = "/", tag = "operation", security(()),
    responses((status = 200, description = "Paths of this service.", body = Signpost)))]
async fn get_root() -> Json<Signpost> {
    Json(Signpost {
        name: "scanyard",
        version: env!("CARGO_PKG_VERSION"),
        docs: "/docs/",
        openapi: "/openapi.json",
        ready: "/readyz",
        scans: "/v1/scans",
    })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operation", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)))]
async fn get_document(headers: HeaderMap) -> Response {
    etag::answer(&headers, "application/json", document_json())
}

/// The page runs scripts of this server only, none inline, and talks to nobody else. Its library
/// writes style attributes and icons as data, which can leak nothing under the rest of the policy.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

static PAGE: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // Without a validator: it would send the document to a server elsewhere.
    Arc::new(Config::from("/openapi.json").validator_url("none"))
});

fn page_file(name: &str) -> Response {
    match utoipa_swagger_ui::serve(name, Arc::clone(&PAGE)) {
        Ok(Some(file)) => {
            let headers = AppendHeaders([
                (
                    CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static(PAGE_POLICY),
                ),
                (
                    CACHE_CONTROL,
                    HeaderValue::from_static("public, max-age=3600"),
                ),
            ]);
            let media_type = AppendHeaders([(CONTENT_TYPE, file.content_type)]);
            (headers, media_type, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(Code::RouteNotFound, "The page has no such file.").into_response(),
        Err(error) => Problem::internal(error.to_string()).into_response(),
    }
}
