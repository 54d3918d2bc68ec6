//! Repositories, their tags and what those named. A repository's name has slashes, which proxies
//! do not leave alone in a path, so it is a parameter.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use scanyard_store::Tag;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::extract::Parameters;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{Listing, PageParameters, RepositoryView, TagDetailView, TagPeriodView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_repositories))
        .routes(routes!(list_tags))
        .routes(routes!(list_tag_history))
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RepositoryParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(RepositoryProblems: InvalidQuery, InvalidCursor);

/// List repositories in which you reached an image, by name.
#[utoipa::path(get, path = "/v1/repositories", tag = "repositories",
    params(RepositoryParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<RepositoryView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        RepositoryProblems,
    ))]
async fn list_repositories(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<RepositoryParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let page = gateway
        .store()
        .repositories(principal.tenant, &page)
        .await?;
    Ok(Listing::new(page, RepositoryView::from).answer(&uri))
}

/// Which tags.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TagParameters {
    /// The repository: `docker.io/library/alpine`.
    repository: String,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(TagProblems: InvalidQuery, InvalidCursor, RepositoryNotFound);

/// List the tags of a repository as they stand now, by name.
#[utoipa::path(get, path = "/v1/tags", tag = "repositories",
    params(TagParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<TagDetailView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        TagProblems,
    ))]
async fn list_tags(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<TagParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let tags = gateway
        .store()
        .tags(principal.tenant, &parameters.repository, &page)
        .await?;
    let tags = tags.ok_or_else(|| {
        Problem::new(
            Code::RepositoryNotFound,
            "You reached no image in this repository.",
        )
    })?;
    Ok(Listing::new(tags, TagDetailView::from).answer(&uri))
}

/// Which tag's history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryParameters {
    /// The repository: `docker.io/library/alpine`.
    repository: String,
    /// The tag.
    tag: String,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(HistoryProblems: InvalidQuery, InvalidCursor);

/// List the images that a tag named, the last first; none of a tag that was never scanned.
#[utoipa::path(get, path = "/v1/tags/history", tag = "repositories",
    params(HistoryParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<TagPeriodView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        HistoryProblems,
    ))]
async fn list_tag_history(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<HistoryParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let tag = Tag {
        repository: parameters.repository,
        name: parameters.tag,
    };
    let periods = gateway
        .store()
        .tag_history(principal.tenant, &tag, &page)
        .await?;
    Ok(Listing::new(periods, TagPeriodView::from).answer(&uri))
}
