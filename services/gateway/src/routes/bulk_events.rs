//! A bulk's progress as server-sent events.

use axum::extract::State;
use axum::response::Response;
use scanyard_store::{Bulk, BulkId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bulk::bulk_not_found;
use crate::auth::Principal;
use crate::event_stream::event_stream;
use crate::extract::InPath;
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::BulkView;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(bulk_events))
}

problems!(EventProblems: InvalidId, BulkNotFound);

/// Follow a bulk.
///
/// `progress` events carry the bulk whenever items of it moved on, the first at once; `done` carries
/// it when it has ended, or was cancelled, and is the last. A stream that ends without `done` was
/// cut, and may be opened again: it begins with the present, whatever `Last-Event-ID` says.
#[utoipa::path(get, path = "/v1/bulk/{id}/events", tag = "bulk",
    params(("id" = Uuid, Path, description = "The bulk.")),
    responses(
        (status = 200, description = "Events; the data of each is the bulk.", body = BulkView,
            content_type = "text/event-stream"),
        EventProblems,
    ))]
async fn bulk_events(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<BulkId>,
) -> Result<Response, Problem> {
    let known = gateway.store().bulk(principal.tenant, id).await?;
    known.ok_or_else(bulk_not_found)?;
    event_stream::<Bulk, _>(gateway, principal.tenant, id, BulkView::now)
}
