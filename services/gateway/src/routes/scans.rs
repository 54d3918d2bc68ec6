//! Scans: submit, list, look at, cancel.

use std::time::Duration;

use axum::extract::{OriginalUri, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use scanyard_store::{CreatedScan, Scan, ScanFilter, ScanId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::extract::{Body, InPath, Parameters};
use crate::prefer::preferred_wait;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::submission::{ScanRequest, check_registry};
use crate::trace_context::TraceContext;
use crate::view::{Listing, PageParameters, ScanStateView, ScanView};
use crate::watch::Watch;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(create_scan, list_scans))
        .routes(routes!(get_scan, cancel_scan))
}

problems!(CreateProblems: InvalidBody, InvalidHeader, BodyTooLarge, UnsupportedMediaType,
    InvalidReference, InvalidPlatform, LocalSourceRefused, RegistryNotAllowed,
    IdempotencyKeyReused);

/// Submit an image.
///
/// Answers at once; the scan goes on in the background. With `Prefer: wait=60` it answers when the
/// scan has ended, if it does so in time.
#[utoipa::path(post, path = "/v1/scans", tag = "scans",
    request_body = ScanRequest,
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "A second request with the same key is answered with the first one's scan."),
        ("Prefer" = Option<String>, Header, example = "wait=60",
            description = "Seconds to wait for the scan's end, at most 60."),
    ),
    responses(
        (status = 202, description = "Accepted, or known by its Idempotency-Key.", body = ScanView,
            headers(("Location" = String, description = "The scan."))),
        (status = 200, description = "It has ended within the time that Prefer asked for.", body = ScanView,
            headers(
                ("Location" = String, description = "The scan."),
                ("Preference-Applied" = String, description = "The waiting time that was granted."),
            )),
        CreateProblems,
    ))]
async fn create_scan(
    State(gateway): State<Gateway>,
    principal: Principal,
    Extension(trace): Extension<TraceContext>,
    headers: HeaderMap,
    Body(request): Body<ScanRequest>,
) -> Result<Response, Problem> {
    let scan = request.into_scan(&gateway, principal.tenant, &headers, &trace)?;
    check_registry(&gateway, principal.tenant, &scan.reference).await?;
    let scan = match gateway.store().create_scan(&scan).await? {
        CreatedScan::New(scan) | CreatedScan::Existing(scan) => scan,
        CreatedScan::Conflict(id) => return Err(key_reused(id)),
    };
    let wait = preferred_wait(&headers, gateway.settings().max_wait);
    answer_created(&gateway, scan, wait).await
}

/// The idempotency key names a scan of something else.
pub fn key_reused(id: ScanId) -> Problem {
    Problem::new(
        Code::IdempotencyKeyReused,
        format!(
            "The Idempotency-Key names scan {}, which is of something else.",
            id.0
        ),
    )
}

/// The answer to a submission: at once, or when the scan has ended within the time that was asked.
pub async fn answer_created(
    gateway: &Gateway,
    scan: Scan,
    wait: Option<Duration>,
) -> Result<Response, Problem> {
    match wait {
        Some(wait) => wait_for_end(gateway, scan, wait).await,
        None => Ok(accepted(StatusCode::ACCEPTED, scan)),
    }
}

fn accepted(status: StatusCode, scan: Scan) -> Response {
    let location = HeaderValue::try_from(format!("/v1/scans/{}", scan.id.0));
    let mut response = (status, Json(ScanView::from(scan))).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

async fn wait_for_end(gateway: &Gateway, scan: Scan, wait: Duration) -> Result<Response, Problem> {
    let watch = Watch::<Scan>::new(gateway.clone(), scan.tenant, scan.id);
    let mut response = match tokio::time::timeout(wait, watch.end()).await {
        Ok(ended) => match ended? {
            Some(scan) => accepted(StatusCode::OK, scan),
            None => accepted(StatusCode::ACCEPTED, scan),
        },
        Err(_) => {
            let now = gateway.store().scan(scan.tenant, scan.id).await?;
            accepted(StatusCode::ACCEPTED, now.unwrap_or(scan))
        }
    };
    if let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs())) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only scans in this state.
    #[param(inline)]
    state: Option<ScanStateView>,
    /// Only scans of this reference, complete as the scan shows it.
    reference: Option<String>,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List scans, the newest first.
#[utoipa::path(get, path = "/v1/scans", tag = "scans",
    params(ListParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<ScanView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_scans(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let filter = ScanFilter {
        state: parameters.state.map(Into::into),
        reference: parameters.reference,
    };
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let page = gateway
        .store()
        .scans(principal.tenant, &filter, &page)
        .await?;
    Ok(Listing::new(page, ScanView::from).answer(&uri))
}

problems!(OneProblems: InvalidId, ScanNotFound);

/// Look at a scan and its progress.
#[utoipa::path(get, path = "/v1/scans/{id}", tag = "scans",
    params(("id" = Uuid, Path, description = "The scan.")),
    responses((status = 200, description = "The scan.", body = ScanView), OneProblems))]
async fn get_scan(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<ScanId>,
) -> Result<Json<ScanView>, Problem> {
    let scan = gateway.store().scan(principal.tenant, id).await?;
    let scan = scan.ok_or_else(scan_not_found)?;
    Ok(Json(scan.into()))
}

/// Cancel a scan.
///
/// One that has ended stays as it is; doing it again changes nothing.
#[utoipa::path(delete, path = "/v1/scans/{id}", tag = "scans",
    params(("id" = Uuid, Path, description = "The scan.")),
    responses((status = 200, description = "The scan as it is now.", body = ScanView), OneProblems))]
async fn cancel_scan(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<ScanId>,
) -> Result<Json<ScanView>, Problem> {
    let scan = gateway.store().cancel_scan(principal.tenant, id).await?;
    let scan = scan.ok_or_else(scan_not_found)?;
    Ok(Json(scan.into()))
}

pub fn scan_not_found() -> Problem {
    Problem::new(Code::ScanNotFound, "You have no scan of this id.")
}
