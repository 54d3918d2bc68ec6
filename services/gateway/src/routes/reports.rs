//! An image's report, in every form.

use axum::extract::State;
use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use chrono::Utc;
use scanyard_package::Digest;
use scanyard_report::{Format, RenderOptions, Report};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::etag;
use crate::extract::{InPath, Parameters};
use crate::image_report::build_report;
use crate::negotiate::choose_format;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(get_report))
}

/// How to write the report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportParameters {
    /// A form by its name, as `json`, `table`, `sarif`, `spdx` or `html`. Wins over `Accept`.
    format: Option<String>,
}

problems!(ReportProblems: InvalidDigest, InvalidQuery, ImageNotFound, NotReady, NotAcceptable);

/// Get an image's report.
///
/// In the form that `Accept` or `format` asks for; JSON if neither does.
#[utoipa::path(get, path = "/v1/images/{digest}/report", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest."), ReportParameters),
    responses(
        (status = 200, description = "The report.", content(
            (Report = "application/json"),
            (serde_json::Value = "application/vnd.cyclonedx+json"),
            (serde_json::Value = "application/spdx+json"),
            (serde_json::Value = "application/sarif+json"),
            (serde_json::Value = "application/vnd.gitlab.container-scanning+json"),
            (serde_json::Value = "application/vnd.github.dependency-snapshot+json"),
            (String = "application/xml"),
            (String = "application/x-ndjson"),
            (String = "text/plain"),
            (String = "text/markdown"),
            (String = "text/html"),
            (String = "text/csv"),
        )),
        ReportProblems,
    ))]
async fn get_report(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
    Parameters(parameters): Parameters<ReportParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = wanted_format(parameters.format.as_deref(), &headers)?;
    let report = build_report(&gateway, principal.tenant, digest).await?;
    let bytes = tokio::task::spawn_blocking(move || render(format, &report))
        .await
        .map_err(Problem::internal)??;
    let mut response = etag::answer(&headers, format.media_type(), bytes);
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn render(format: Format, report: &Report) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let options = RenderOptions::plain(Utc::now());
    format
        .render(report, &mut bytes, &options)
        .map_err(Problem::internal)?;
    Ok(bytes)
}

fn wanted_format(name: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    if let Some(name) = name {
        return Format::from_name(name).ok_or_else(|| {
            let names = Format::ALL.map(Format::name).join(", ");
            Problem::new(Code::InvalidQuery, format!("format is one of {names}."))
        });
    }
    let accept = headers.get_all(ACCEPT).iter();
    let accept: Vec<_> = accept.filter_map(|value| value.to_str().ok()).collect();
    let accept = (!accept.is_empty()).then(|| accept.join(","));
    choose_format(accept.as_deref()).ok_or_else(|| {
        let types = Format::ALL.map(Format::media_type).join(", ");
        Problem::new(Code::NotAcceptable, format!("A report comes as {types}."))
    })
}
