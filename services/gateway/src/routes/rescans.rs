//! Rescans: the whole fleet matched again, or images cataloged again.

use axum::Extension;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use scanyard_inventory::CatalogerSet;
use scanyard_store::{BulkId, BulkSource, NewBulk, RescanRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Principal;
use crate::event_stream::event_stream;
use crate::extract::{Body, InPath, Parameters};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::trace_context::TraceContext;
use crate::upload;
use crate::view::{BulkView, Listing, PageParameters, RescanId, RescanView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(create_rescan, list_rescans))
        .routes(routes!(get_rescan, cancel_rescan))
        .routes(routes!(rescan_events))
}

/// What is to be done again.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RescanKind {
    /// Match the packages about which advisories changed since the last time. That happens by
    /// itself; asking tells how far it is.
    Delta,
    /// Match every package.
    Full,
    /// Catalog your images again that an earlier version cataloged. Only this pulls layers, each
    /// once, in the bulk lane.
    Recatalog,
}

/// A request for a rescan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RescanRequest {
    /// What is to be done again.
    #[schema(inline)]
    kind: RescanKind,
}

/// What a request for a rescan began, or found under way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum RescanAnswer {
    /// A rescan of the fleet.
    Rescan(RescanView),
    /// A bulk of the images to be cataloged.
    Bulk(Box<BulkView>),
}

problems!(CreateProblems: InvalidBody, BodyTooLarge, UnsupportedMediaType, RescanNotFound,
    BulkStateConflict);

/// Have the fleet rescanned.
///
/// No image is pulled, except for `recatalog`. The fleet keeps its last results meanwhile, each with
/// the revision behind it.
#[utoipa::path(post, path = "/v1/rescans", tag = "rescans",
    request_body = RescanRequest,
    responses(
        (status = 202, description = "It is under way, or was.", body = RescanAnswer,
            headers(("Location" = String, description = "The rescan, or the bulk."))),
        CreateProblems,
    ))]
async fn create_rescan(
    State(gateway): State<Gateway>,
    principal: Principal,
    Extension(trace): Extension<TraceContext>,
    Body(request): Body<RescanRequest>,
) -> Result<Response, Problem> {
    let store = gateway.store();
    let revision = match request.kind {
        RescanKind::Recatalog => return recatalog(&gateway, principal, &trace).await,
        RescanKind::Full => store.renew_revision().await?,
        RescanKind::Delta => store.current_revision().await?,
    };
    let revision = revision.ok_or_else(no_advisories)?.sequence;
    let rescan = store.rescan(revision).await?.ok_or_else(rescan_not_found)?;
    let location = format!("/v1/rescans/{revision}");
    Ok(accepted(
        &location,
        RescanAnswer::Rescan(RescanView::now(rescan)),
    ))
}

/// A bulk of a tenant's images that an earlier version cataloged.
async fn recatalog(
    gateway: &Gateway,
    principal: Principal,
    trace: &TraceContext,
) -> Result<Response, Problem> {
    let bulk = NewBulk {
        id: BulkId(Uuid::now_v7()),
        tenant: principal.tenant,
        source: BulkSource::Upload,
        platform: None,
        idempotency_key: None,
        traceparent: Some(trace.traceparent().to_owned()),
    };
    let current = CatalogerSet::names();
    let bulk = upload::collect_outdated(gateway, &bulk, &current).await?;
    let location = format!("/v1/bulk/{}", bulk.id.0);
    Ok(accepted(
        &location,
        RescanAnswer::Bulk(Box::new(BulkView::now(bulk))),
    ))
}

fn accepted(location: &str, answer: RescanAnswer) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(answer)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Which page to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Rescans at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List rescans of the fleet, the newest first: each advisory revision is one.
#[utoipa::path(get, path = "/v1/rescans", tag = "rescans",
    params(ListParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<RescanView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_rescans(
    State(gateway): State<Gateway>,
    _: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = gateway.store().rescans(&page.request()?).await?;
    Ok(Listing::new(page, RescanView::now).answer(&uri))
}

problems!(OneProblems: InvalidId, RescanNotFound);

/// Look at a rescan: how far it is, how fast, and until when.
#[utoipa::path(get, path = "/v1/rescans/{id}", tag = "rescans",
    params(("id" = u64, Path, description = "The number of its advisory revision.")),
    responses((status = 200, description = "The rescan.", body = RescanView), OneProblems))]
async fn get_rescan(
    State(gateway): State<Gateway>,
    _: Principal,
    InPath(RescanId(id)): InPath<RescanId>,
) -> Result<Json<RescanView>, Problem> {
    let rescan = gateway.store().rescan(id).await?;
    let rescan = rescan.ok_or_else(rescan_not_found)?;
    Ok(Json(RescanView::now(rescan)))
}

problems!(CancelProblems: InvalidId, RescanNotFound, RescanStateConflict);

/// Cancel a full rescan.
///
/// Packages about which advisories changed are matched all the same; the others keep what was said
/// of them, by this rescan or before.
#[utoipa::path(delete, path = "/v1/rescans/{id}", tag = "rescans",
    params(("id" = u64, Path, description = "The number of its advisory revision.")),
    responses((status = 200, description = "The rescan as it is now.", body = RescanView), CancelProblems))]
async fn cancel_rescan(
    State(gateway): State<Gateway>,
    _: Principal,
    InPath(RescanId(id)): InPath<RescanId>,
) -> Result<Json<RescanView>, Problem> {
    let store = gateway.store();
    let is_cancelled = store.cancel_rescan(id).await?;
    let rescan = store.rescan(id).await?.ok_or_else(rescan_not_found)?;
    if !is_cancelled && rescan.cancelled_at.is_none() {
        let detail = match rescan.full {
            true => "The rescan is done, or this version's rules demand it.",
            false => "The rescan matches no more than changed advisories demand.",
        };
        return Err(Problem::new(Code::RescanStateConflict, detail));
    }
    Ok(Json(RescanView::now(rescan)))
}

/// Follow a rescan.
///
/// `progress` events carry the rescan whenever packages were matched, the first at once; `done`
/// carries it when it has ended, and is the last. A stream that ends without `done` was cut, and may
/// be opened again.
#[utoipa::path(get, path = "/v1/rescans/{id}/events", tag = "rescans",
    params(("id" = u64, Path, description = "The number of its advisory revision.")),
    responses(
        (status = 200, description = "Events; the data of each is the rescan.", body = RescanView,
            content_type = "text/event-stream"),
        OneProblems,
    ))]
async fn rescan_events(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(RescanId(id)): InPath<RescanId>,
) -> Result<Response, Problem> {
    let known = gateway.store().rescan(id).await?;
    known.ok_or_else(rescan_not_found)?;
    event_stream::<RescanRecord, _>(gateway, principal.tenant, id, RescanView::now)
}

fn rescan_not_found() -> Problem {
    Problem::new(
        Code::RescanNotFound,
        "No advisory revision has this number.",
    )
}

fn no_advisories() -> Problem {
    Problem::new(
        Code::RescanNotFound,
        "There are no advisories yet, so there is nothing to match.",
    )
}
