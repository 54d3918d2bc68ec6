//! Bulks: many images at once.

use axum::Extension;
use axum::Json;
use axum::extract::{FromRequest, OriginalUri, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use scanyard_oci::RegistryHost;
use scanyard_store::{
    Bulk, BulkChange, BulkId, BulkSource, BulkState, CreatedBulk, NewBulk, RegistrySelection,
    TenantId,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Principal;
use crate::extract::{Body, InPath, Parameters};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::submission::{choose_platform, idempotency_key};
use crate::trace_context::TraceContext;
use crate::upload;
use crate::view::{
    BulkFailuresView, BulkItemStateView, BulkItemView, BulkView, Listing, PageParameters,
};

/// Longest pattern.
const MAX_PATTERN: usize = 255;
/// Most tags of each repository that can be asked for as the newest.
const MAX_NEWEST: u32 = 1000;
/// Items that are shown of each reason of failure.
const EXAMPLES: u32 = 10;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(create_bulk, list_bulks))
        .routes(routes!(get_bulk))
        .routes(routes!(list_items))
        .routes(routes!(list_failures))
        .routes(routes!(pause_bulk))
        .routes(routes!(resume_bulk))
        .routes(routes!(cancel_bulk))
        .routes(routes!(retry_bulk))
}

/// Which images of a registry are to be scanned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegistryRequest {
    /// The registry's host, with its port unless it is the usual one.
    #[schema(example = "registry.example.com")]
    registry: String,
    /// Which repositories: `*` is anything up to a slash, `**` anything, `?` one character.
    #[schema(example = "team/*")]
    repositories: String,
    /// Which tags, likewise; every one if not given.
    #[schema(example = "v*")]
    tags: Option<String>,
    /// How many tags of each repository, the greatest when read as versions: registries do not say
    /// when a tag was made. Every one if not given.
    newest: Option<u32>,
    /// The platform wanted of images for several, or `all`, which is the default.
    platform: Option<String>,
}

impl RegistryRequest {
    fn selection(self) -> Result<RegistrySelection, Problem> {
        let registry: RegistryHost = self
            .registry
            .parse()
            .map_err(|error| Problem::new(Code::InvalidReference, format!("{error}.")))?;
        check_pattern("repositories", &self.repositories)?;
        if let Some(tags) = &self.tags {
            check_pattern("tags", tags)?;
        }
        if self
            .newest
            .is_some_and(|count| !(1..=MAX_NEWEST).contains(&count))
        {
            return Err(Problem::new(
                Code::InvalidBody,
                format!("newest must be 1 to {MAX_NEWEST}."),
            ));
        }
        Ok(RegistrySelection {
            registry: registry.to_string(),
            repositories: self.repositories,
            tags: self.tags,
            newest: self.newest,
        })
    }
}

fn check_pattern(name: &str, pattern: &str) -> Result<(), Problem> {
    let is_plain = pattern.chars().all(|c| c.is_ascii_graphic());
    if is_plain && (1..=MAX_PATTERN).contains(&pattern.len()) {
        return Ok(());
    }
    Err(Problem::new(
        Code::InvalidBody,
        format!("{name} must be a pattern of 1 to {MAX_PATTERN} visible characters."),
    ))
}

/// How an upload is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadParameters {
    /// For an upload: the platform where a line names none, or `all`, which is the default.
    platform: Option<String>,
}

problems!(CreateProblems: InvalidBody, InvalidQuery, InvalidHeader, BodyTooLarge,
    UnsupportedMediaType, InvalidReference, InvalidPlatform, BulkStateConflict, IdempotencyKeyReused);

/// Submit many images.
///
/// Either `application/x-ndjson`: a line for each image, which is its reference, the same as a JSON
/// string, or an object with `reference` and, if wanted, `platform`. Lines are stored as they
/// arrive, and scanned when all have come; a body that breaks off is not scanned at all. Lines that
/// cannot be read are counted and reported, and the others accepted.
///
/// Or `application/json`: a registry and a pattern. Its repositories and tags are listed in the
/// background, and scanned meanwhile.
#[utoipa::path(post, path = "/v1/bulk", tag = "bulk",
    params(
        UploadParameters,
        ("Idempotency-Key" = Option<String>, Header,
            description = "A second request with the same key is answered with the first one's bulk; \
                its references are not read. An upload that broke off does not count."),
    ),
    request_body(content((RegistryRequest = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 202, description = "Accepted, or known by its Idempotency-Key.", body = BulkView,
            headers(("Location" = String, description = "The bulk."))),
        CreateProblems,
    ))]
async fn create_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    Extension(trace): Extension<TraceContext>,
    Parameters(parameters): Parameters<UploadParameters>,
    request: Request,
) -> Result<Response, Problem> {
    let idempotency_key = idempotency_key(request.headers())?;
    let new = |source, platform: Option<String>| NewBulk {
        id: BulkId(Uuid::now_v7()),
        tenant: principal.tenant,
        source,
        platform,
        idempotency_key,
        traceparent: Some(trace.traceparent().to_owned()),
    };
    let bulk = if upload::is_ndjson(request.headers()) {
        let platform = parameters.platform.as_deref();
        let platform = platform.map_or(Ok(None), choose_platform)?;
        let bulk = new(BulkSource::Upload, platform);
        upload::receive(&gateway, &bulk, request.into_body()).await?
    } else {
        let Body(asked) = Body::<RegistryRequest>::from_request(request, &gateway).await?;
        let platform = asked
            .platform
            .as_deref()
            .map_or(Ok(None), choose_platform)?;
        let bulk = new(BulkSource::Registry(asked.selection()?), platform);
        match gateway.store().create_bulk(&bulk).await? {
            CreatedBulk::New(bulk) | CreatedBulk::Existing(bulk) => bulk,
            CreatedBulk::Conflict(id) => return Err(key_reused(id)),
        }
    };
    let location = HeaderValue::try_from(format!("/v1/bulk/{}", bulk.id.0));
    let mut response = (StatusCode::ACCEPTED, show(bulk)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

fn show(bulk: Bulk) -> Json<BulkView> {
    Json(BulkView::now(bulk))
}

/// The key names a bulk that was asked for in other words.
pub fn key_reused(id: BulkId) -> Problem {
    Problem::new(
        Code::IdempotencyKeyReused,
        format!(
            "The Idempotency-Key names bulk {}, which is of something else.",
            id.0
        ),
    )
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Bulks at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List bulks, the newest first.
#[utoipa::path(get, path = "/v1/bulk", tag = "bulk",
    params(ListParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<BulkView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_bulks(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let page = gateway.store().bulks(principal.tenant, &page).await?;
    let now = Utc::now();
    Ok(Listing::new(page, |bulk| BulkView::at(now, bulk)).answer(&uri))
}

problems!(OneProblems: InvalidId, BulkNotFound);

/// Look at a bulk: how far it is, how fast, and until when.
#[utoipa::path(get, path = "/v1/bulk/{id}", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The bulk.", body = BulkView), OneProblems))]
async fn get_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    let bulk = gateway.store().bulk(principal.tenant, id).await?;
    bulk.map(show).ok_or_else(bulk_not_found)
}

/// Which items to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemParameters {
    /// Only items in this state.
    #[param(inline)]
    state: Option<BulkItemStateView>,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ItemProblems: InvalidId, InvalidQuery, InvalidCursor, BulkNotFound);

/// List the items of a bulk, in the order in which they are scanned.
#[utoipa::path(get, path = "/v1/bulk/{id}/items", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk."), ItemParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<BulkItemView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ItemProblems,
    ))]
async fn list_items(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    InPath(id): InPath<BulkId>,
    Parameters(parameters): Parameters<ItemParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let (page, state) = (page.request()?, parameters.state.map(Into::into));
    let store = gateway.store();
    let items = store.bulk_items(principal.tenant, id, state, &page).await?;
    let items = items.ok_or_else(bulk_not_found)?;
    Ok(Listing::new(items, BulkItemView::from).answer(&uri))
}

/// Why items of a bulk failed.
///
/// One entry for each reason, the most frequent first, with the first few items of each.
/// `/items?state=failed` lists all of them.
#[utoipa::path(get, path = "/v1/bulk/{id}/failures", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The reasons.", body = Vec<BulkFailuresView>), OneProblems))]
async fn list_failures(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<Vec<BulkFailuresView>>, Problem> {
    let store = gateway.store();
    let failures = store.bulk_failures(principal.tenant, id, EXAMPLES).await?;
    let failures = failures.ok_or_else(bulk_not_found)?;
    Ok(Json(failures.into_iter().map(Into::into).collect()))
}

problems!(ChangeProblems: InvalidId, BulkNotFound, BulkStateConflict);

/// Pause a bulk.
///
/// Nothing more of it begins; scans that have begun go on.
#[utoipa::path(post, path = "/v1/bulk/{id}/pause", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The bulk as it is now.", body = BulkView), ChangeProblems))]
async fn pause_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    change(&gateway, principal.tenant, id, BulkChange::Pause).await
}

/// Resume a bulk that is paused.
#[utoipa::path(post, path = "/v1/bulk/{id}/resume", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The bulk as it is now.", body = BulkView), ChangeProblems))]
async fn resume_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    change(&gateway, principal.tenant, id, BulkChange::Resume).await
}

/// Cancel a bulk, with every scan of it that has not ended.
///
/// One that has ended stays as it is; doing it again changes nothing.
#[utoipa::path(post, path = "/v1/bulk/{id}/cancel", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The bulk as it is now.", body = BulkView), OneProblems))]
async fn cancel_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    change(&gateway, principal.tenant, id, BulkChange::Cancel).await
}

/// Scan the failed items of a bulk again.
///
/// They come after those that wait, each with a new scan. A listing that failed goes on.
#[utoipa::path(post, path = "/v1/bulk/{id}/retry", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses((status = 200, description = "The bulk as it is now.", body = BulkView), ChangeProblems))]
async fn retry_bulk(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    change(&gateway, principal.tenant, id, BulkChange::Retry).await
}

async fn change(
    gateway: &Gateway,
    tenant: TenantId,
    id: BulkId,
    change: BulkChange,
) -> Result<Json<BulkView>, Problem> {
    let changed = gateway.store().change_bulk(tenant, id, change).await?;
    let bulk = changed.ok_or_else(bulk_not_found)?;
    let took_effect = match change {
        BulkChange::Pause => bulk.state == BulkState::Paused,
        BulkChange::Resume => bulk.state == BulkState::Running,
        BulkChange::Cancel => true,
        BulkChange::Retry => !matches!(bulk.state, BulkState::Receiving | BulkState::Cancelled),
    };
    if !took_effect {
        let state = bulk.state.name();
        return Err(Problem::new(
            Code::BulkStateConflict,
            format!("The bulk is {state}."),
        ));
    }
    Ok(show(bulk))
}

pub fn bulk_not_found() -> Problem {
    Problem::new(Code::BulkNotFound, "You have no bulk of this id.")
}
