//! Bills of materials as submissions.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use scanyard_inventory::catalog_sbom;
use scanyard_protocol::Lane;
use scanyard_store::{CreatedScan, NewScan, ScanId, SubmittedSbom};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::scans::{answer_created, key_reused};
use crate::auth::Principal;
use crate::extract::{Parameters, check_length, refuse_bytes};
use crate::prefer::preferred_wait;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::submission::idempotency_key;
use crate::trace_context::TraceContext;
use crate::view::ScanView;

/// Media types that a bill may come as.
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.cyclonedx+json",
    "application/spdx+json",
    "application/json",
];

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(create_sbom))
}

/// What the bill describes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SbomParameters {
    /// A name, by which images are listed: letters, digits and `. _ - /`.
    #[param(example = "team/app")]
    name: String,
    /// Which version of it, as a tag is of an image. It moves to the newest bill that has it.
    #[param(example = "1.4")]
    tag: Option<String>,
}

problems!(CreateProblems: InvalidBody, InvalidQuery, InvalidHeader, InvalidName, BodyTooLarge,
    UnsupportedMediaType, IdempotencyKeyReused);

/// Submit a bill of materials.
///
/// CycloneDX or SPDX 2 in JSON, bare or as the predicate of an in-toto statement. It is kept, and
/// stands for an image whose packages are those that it lists: with findings, reports, and matches
/// that follow new advisories. Its digest is that of the document.
#[utoipa::path(post, path = "/v1/sboms", tag = "scans",
    params(
        SbomParameters,
        ("Idempotency-Key" = Option<String>, Header,
            description = "A second request with the same key is answered with the first one's scan."),
        ("Prefer" = Option<String>, Header, example = "wait=60",
            description = "Seconds to wait for the scan's end, at most 60."),
    ),
    request_body(content((String = "application/vnd.cyclonedx+json"),
        (String = "application/spdx+json"))),
    responses(
        (status = 202, description = "Accepted, or known by its Idempotency-Key.", body = ScanView,
            headers(("Location" = String, description = "The scan."))),
        (status = 200, description = "It has ended within the time that Prefer asked for.", body = ScanView),
        CreateProblems,
    ))]
async fn create_sbom(
    State(gateway): State<Gateway>,
    principal: Principal,
    Parameters(parameters): Parameters<SbomParameters>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let idempotency_key = idempotency_key(&headers)?;
    let trace = request.extensions().get::<TraceContext>().cloned();
    let content = receive(&gateway, request).await?;
    let content = check(content).await?;
    let digest = gateway.store().save_document(&content).await?;
    let bill = SubmittedSbom::new(&parameters.name, parameters.tag.as_deref(), digest);
    let bill = bill.ok_or_else(|| {
        Problem::new(
            Code::InvalidName,
            "name and tag are 1 to 255 letters, digits and . _ - (in names also /).",
        )
    })?;
    let scan = NewScan {
        id: ScanId(Uuid::now_v7()),
        tenant: principal.tenant,
        reference: bill.to_string(),
        platform: None,
        lane: Lane::Interactive,
        idempotency_key,
        traceparent: trace.map(|trace| trace.traceparent().to_owned()),
    };
    let scan = match gateway.store().create_scan(&scan).await? {
        CreatedScan::New(scan) | CreatedScan::Existing(scan) => scan,
        CreatedScan::Conflict(id) => return Err(key_reused(id)),
    };
    let wait = preferred_wait(&headers, gateway.settings().max_wait);
    answer_created(&gateway, scan, wait).await
}

async fn receive(gateway: &Gateway, mut request: Request) -> Result<Bytes, Problem> {
    let limit = gateway.settings().max_sbom_bytes;
    let headers = request.headers();
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_known = |essence: &str| {
        MEDIA_TYPES
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    };
    if !essence.is_some_and(is_known) {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("The Content-Type is none of {}.", MEDIA_TYPES.join(", ")),
        ));
    }
    check_length(headers, limit)?;
    DefaultBodyLimit::max(limit).apply(&mut request);
    let content: Result<Bytes, _> = request.extract().await;
    content.map_err(|rejection| refuse_bytes(&rejection, limit))
}

/// Reads the bill once, so that its sender hears at once what is wrong with it.
async fn check(content: Bytes) -> Result<Bytes, Problem> {
    let reading = tokio::task::spawn_blocking(move || catalog_sbom(&content).map(|_| content));
    match reading.await {
        Ok(Ok(content)) => Ok(content),
        Ok(Err(error)) => Err(Problem::new(
            Code::InvalidBody,
            format!("The body is {error}; {}.", error.remedy()),
        )),
        Err(_) => Err(Problem::new(Code::Internal, "The bill could not be read.")),
    }
}
