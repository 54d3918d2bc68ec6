//! Events: what new advisories changed about the tenant's images.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::Response;
use chrono::{DateTime, Utc};
use scanyard_store::{ChangeFilter, ChangeId, ChangeKind, ChangeQuery};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::change_stream::change_stream;
use crate::extract::{InPath, Parameters};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{EventKindView, EventView, ImageView, Listing, PageParameters, SeverityView};

const MAX_PATTERN: usize = 255;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_events))
        .routes(routes!(get_event))
        .routes(routes!(list_event_images))
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only of these kinds, with commas: `finding.new,finding.changed`.
    #[param(example = "finding.new")]
    kind: Option<String>,
    /// Only those at least this severe.
    #[param(inline)]
    min_severity: Option<SeverityView>,
    /// `true` for only those with a fixed version.
    #[serde(default)]
    fixable: bool,
    /// `true` for only those that are known to be exploited.
    #[serde(default)]
    known_exploited: bool,
    /// Only those that concern an image in such a repository; `*` stands for anything. Only such
    /// images are counted.
    #[param(example = "registry.example.com/shop/*")]
    repository: Option<String>,
    /// Only those of this vulnerability, under any of its ids.
    vulnerability: Option<String>,
    /// Only those that became known since then, RFC 3339.
    since: Option<DateTime<Utc>>,
    /// Items at most: 1 to 500, 50 if not given. A page can hold fewer and still have a next one.
    limit: Option<u32>,
    /// `next_cursor` of the page before, or the id of an event, for those after it.
    cursor: Option<String>,
}

impl ListParameters {
    fn query(&self) -> Result<ChangeQuery, Problem> {
        Ok(ChangeQuery {
            filter: ChangeFilter {
                kinds: read_kinds(self.kind.as_deref())?,
                min_severity: self.min_severity.map(Into::into),
                only_fixable: self.fixable,
                only_known_exploited: self.known_exploited,
                repository: self.repository.clone().map(check_pattern).transpose()?,
            },
            vulnerability: self.vulnerability.clone(),
            since: self.since,
        })
    }
}

fn read_kinds(words: Option<&str>) -> Result<Vec<ChangeKind>, Problem> {
    let words = words.into_iter().flat_map(|words| words.split(','));
    words
        .map(|word| {
            let kind = EventKindView::from_name(word).ok_or_else(|| {
                Problem::new(
                    Code::InvalidQuery,
                    "A kind is finding.new, finding.fixed or finding.changed.",
                )
            })?;
            Ok(kind.into())
        })
        .collect()
}

/// A pattern of repositories, if it is one that any repository can have.
pub fn check_pattern(pattern: String) -> Result<String, Problem> {
    let plain = |c: char| !c.is_control() && !c.is_whitespace();
    if pattern.is_empty() || pattern.len() > MAX_PATTERN || !pattern.chars().all(plain) {
        return Err(Problem::new(
            Code::InvalidQuery,
            format!("A pattern of repositories is 1 to {MAX_PATTERN} characters without spaces."),
        ));
    }
    Ok(pattern)
}

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List what new advisories changed about your images, the oldest first, or follow it.
///
/// An event is about a vulnerability and a package, however many images have the package; those are
/// listed apart. What an image begins with is no event, but in its findings.
///
/// With `Accept: text/event-stream` the answer does not end: events follow as they become known,
/// each with its id and kind. They begin after `Last-Event-ID`, after `cursor` or at `since`;
/// without any of these with the next one.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(ListParameters),
    responses(
        (status = 200, description = "A page, or a stream whose data are events.", content(
            (Listing<EventView> = "application/json"), (EventView = "text/event-stream")),
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_events(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let query = parameters.query()?;
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let mut page = page.request()?;
    if wants_stream(&headers) {
        if let Some(last) = headers.get("last-event-id") {
            page.cursor = last.to_str().ok().map(str::to_owned);
        }
        return change_stream(gateway, principal.tenant, query, page.cursor).await;
    }
    let store = gateway.store();
    let page = store.changes(principal.tenant, &query, &page).await?;
    Ok(Listing::new(page, EventView::from).answer(&uri))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accept| {
        accept
            .split(',')
            .any(|range| range.trim().starts_with("text/event-stream"))
    })
}

fn not_found() -> Problem {
    Problem::new(
        Code::EventNotFound,
        "No event of this id concerns an image of yours.",
    )
}

problems!(OneProblems: InvalidId, EventNotFound);

/// Look at an event.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events",
    params(("id" = i64, Path, description = "The event.")),
    responses((status = 200, description = "The event.", body = EventView), OneProblems))]
async fn get_event(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<ChangeId>,
) -> Result<Json<EventView>, Problem> {
    let event = gateway.store().change(principal.tenant, id).await?;
    Ok(Json(event.ok_or_else(not_found)?.into()))
}

/// Which page to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImageParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ImageProblems: InvalidId, InvalidQuery, InvalidCursor, EventNotFound);

/// List your images that an event concerns.
///
/// Those that hold the package and were scanned before the advisory was known.
#[utoipa::path(get, path = "/v1/events/{id}/images", tag = "events",
    params(("id" = i64, Path, description = "The event."), ImageParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<ImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ImageProblems,
    ))]
async fn list_event_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<ChangeId>,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ImageParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let store = gateway.store();
    let images = store.changed_images(principal.tenant, id, &page).await?;
    Ok(Listing::new(images.ok_or_else(not_found)?, ImageView::from).answer(&uri))
}
