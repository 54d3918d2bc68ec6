//! The history of an image.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use scanyard_package::Digest;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::extract::{InPath, Parameters};
use crate::image_report::image_not_found;
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{HistoryEntryView, Listing, PageParameters};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list_history))
}

/// Which page to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(HistoryProblems: InvalidDigest, InvalidQuery, InvalidCursor, ImageNotFound);

/// List what happened to an image, the newest first.
///
/// When you reached it, what was found in it, the tags that named it, and what new advisories changed
/// about its packages since.
#[utoipa::path(get, path = "/v1/images/{digest}/history", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest."), HistoryParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<HistoryEntryView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        HistoryProblems,
    ))]
async fn list_history(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<HistoryParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let store = gateway.store();
    let history = store.image_history(principal.tenant, digest, &page).await?;
    let history = history.ok_or_else(image_not_found)?;
    Ok(Listing::new(history, HistoryEntryView::from).answer(&uri))
}
