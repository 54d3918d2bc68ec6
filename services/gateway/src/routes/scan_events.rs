//! A scan's progress as server-sent events.

use axum::extract::State;
use axum::response::Response;
use scanyard_store::{Scan, ScanId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::scans::scan_not_found;
use crate::auth::Principal;
use crate::event_stream::event_stream;
use crate::extract::InPath;
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::ScanView;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(scan_events))
}

problems!(EventProblems: InvalidId, ScanNotFound);

/// Follow a scan.
///
/// `progress` events carry the scan whenever it changed, the first at once; `done` carries it when
/// it has ended and is the last. A stream that ends without `done` was cut, and may be opened again:
/// it begins with the present, whatever `Last-Event-ID` says.
#[utoipa::path(get, path = "/v1/scans/{id}/events", tag = "scans",
    params(("id" = Uuid, Path, description = "The scan.")),
    responses(
        (status = 200, description = "Events; the data of each is the scan.", body = ScanView,
            content_type = "text/event-stream"),
        EventProblems,
    ))]
async fn scan_events(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<ScanId>,
) -> Result<Response, Problem> {
    let known = gateway.store().scan(principal.tenant, id).await?;
    known.ok_or_else(scan_not_found)?;
    event_stream::<Scan, _>(gateway, principal.tenant, id, ScanView::from)
}
