//! A scan's progress as server-sent events.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream::{self, Stream};
use scanyard_store::{Scan, ScanId, TenantId};
use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::scans::scan_not_found;
use crate::auth::Principal;
use crate::extract::InPath;
use crate::middleware::{overloaded, take};
use crate::problem::{Problem, chain};
use crate::problem_responses::problems;
use crate::scan_watch::ScanWatch;
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
    let place = take(gateway.waiting()).ok_or_else(overloaded)?;
    let heartbeat = gateway.settings().heartbeat;
    let events = Sse::new(follow(gateway, principal.tenant, id, place))
        .keep_alive(KeepAlive::new().interval(heartbeat));
    // Proxies that buffer would hold events back.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), "no")]);
    Ok((headers, events).into_response())
}

fn follow(
    gateway: Gateway,
    tenant: TenantId,
    id: ScanId,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let watch = ScanWatch::new(gateway, tenant, id);
    stream::unfold(Some((watch, place)), |following| async {
        let (mut watch, place) = following?;
        match watch.next_change().await {
            Ok(Some(scan)) => {
                let more = (!scan.state.is_final()).then_some((watch, place));
                Some((Ok(event(scan)), more))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(scan_id = %watch.id().0, error = %chain(&error), "event stream cut");
                None
            }
        }
    })
}

fn event(scan: Scan) -> Event {
    let name = if scan.state.is_final() {
        "done"
    } else {
        "progress"
    };
    let event = Event::default().event(name);
    match event.json_data(ScanView::from(scan)) {
        Ok(event) => event,
        // A scan always has a JSON form.
        Err(_) => Event::default().event(name),
    }
}
