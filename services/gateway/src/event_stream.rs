//! Something's progress as server-sent events: `progress` whenever it changed, the first at once;
//! `done` when it has ended, which is the last. A stream that ends without `done` was cut.

use std::convert::Infallible;

use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream::{self, Stream};
use scanyard_store::TenantId;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::middleware::{overloaded, take};
use crate::problem::{Problem, chain};
use crate::state::Gateway;
use crate::watch::{Followed, Watch};

/// The events of one that is known to be the tenant's; the data of each is its view.
pub fn event_stream<T: Followed, V: Serialize + 'static>(
    gateway: Gateway,
    tenant: TenantId,
    id: T::Id,
    view: fn(T) -> V,
) -> Result<Response, Problem> {
    let place = take(gateway.waiting()).ok_or_else(overloaded)?;
    let heartbeat = gateway.settings().heartbeat;
    let watch = Watch::new(gateway, tenant, id);
    let events =
        Sse::new(follow(watch, place, view)).keep_alive(KeepAlive::new().interval(heartbeat));
    // Proxies that buffer would hold events back.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), "no")]);
    Ok((headers, events).into_response())
}

fn follow<T: Followed, V: Serialize + 'static>(
    watch: Watch<T>,
    place: OwnedSemaphorePermit,
    view: fn(T) -> V,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    stream::unfold(Some((watch, place)), move |following| async move {
        let (mut watch, place) = following?;
        match watch.next_change().await {
            Ok(Some(now)) => {
                let is_final = now.is_final();
                let event = event(is_final, &view(now));
                Some((Ok(event), (!is_final).then_some((watch, place))))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "event stream cut");
                None
            }
        }
    })
}

fn event(is_final: bool, view: &impl Serialize) -> Event {
    let name = if is_final { "done" } else { "progress" };
    let event = Event::default().event(name);
    match event.json_data(view) {
        Ok(event) => event,
        // A view always has a JSON form.
        Err(_) => Event::default().event(name),
    }
}
