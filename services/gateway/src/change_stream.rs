//! Events as they become known, as server-sent events: each with its id, so that a stream that was
//! cut goes on where it ended.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream::{self, Stream};
use scanyard_store::{ChangeQuery, PageRequest, StoreError, TenantId};
use tokio::sync::OwnedSemaphorePermit;

use crate::middleware::{overloaded, take};
use crate::problem::{Problem, chain};
use crate::problem_code::Code;
use crate::state::Gateway;
use crate::view::EventView;

/// Events that are read at once.
const PAGE: u32 = 100;

/// A tenant's events after a cursor or, without one and without a time to begin at, those that come.
pub async fn change_stream(
    gateway: Gateway,
    tenant: TenantId,
    query: ChangeQuery,
    cursor: Option<String>,
) -> Result<Response, Problem> {
    let place = take(gateway.waiting()).ok_or_else(overloaded)?;
    let heartbeat = gateway.settings().heartbeat;
    let after = match cursor {
        Some(cursor) => cursor.parse().map_err(|_| {
            Problem::new(
                Code::InvalidCursor,
                "The place to begin after is the id of no event.",
            )
        })?,
        None if query.since.is_some() => 0,
        None => latest(&gateway).await?,
    };
    let changes = ChangeFollower {
        gateway,
        tenant,
        query,
        after,
        read: VecDeque::new(),
    };
    let events = Sse::new(follow(changes, place)).keep_alive(KeepAlive::new().interval(heartbeat));
    // Proxies that buffer would hold events back.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), "no")]);
    Ok((headers, events).into_response())
}

async fn latest(gateway: &Gateway) -> Result<i64, StoreError> {
    let latest = gateway.store().latest_change().await?;
    Ok(latest.map_or(0, |latest| latest.0))
}

struct ChangeFollower {
    gateway: Gateway,
    tenant: TenantId,
    query: ChangeQuery,
    /// The last change that was looked at.
    after: i64,
    /// Read and not yet told.
    read: VecDeque<EventView>,
}

impl ChangeFollower {
    /// The next event; `None` when the service stops.
    async fn next(&mut self) -> Result<Option<EventView>, StoreError> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Ok(Some(event));
            }
            if !self.read_more().await? && !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Looks further; whether another look is worth it at once.
    async fn read_more(&mut self) -> Result<bool, StoreError> {
        let latest = latest(&self.gateway).await?;
        if latest <= self.after {
            return Ok(false);
        }
        let page = PageRequest {
            cursor: Some(self.after.to_string()),
            limit: PAGE,
        };
        let store = self.gateway.store();
        let page = store.changes(self.tenant, &self.query, &page).await?;
        let end = page.next.and_then(|next| next.parse().ok());
        let last = page.items.last().map_or(0, |event| event.change.id.0);
        // Changes that came meanwhile are looked at the next time.
        self.after = end.unwrap_or_else(|| latest.max(last));
        self.read
            .extend(page.items.into_iter().map(EventView::from));
        Ok(true)
    }

    /// Waits until another look is worth it; false when the service stops.
    async fn wait(&self) -> bool {
        tokio::select! {
            () = self.gateway.shutdown().cancelled() => false,
            () = tokio::time::sleep(self.gateway.settings().slowest_poll) => true,
        }
    }
}

fn follow(
    changes: ChangeFollower,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    stream::unfold((changes, place), move |(mut changes, place)| async move {
        match changes.next().await {
            Ok(Some(event)) => Some((Ok(told(&event)), (changes, place))),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "event stream cut");
                None
            }
        }
    })
}

fn told(view: &EventView) -> Event {
    let event = || {
        Event::default()
            .id(view.id().to_string())
            .event(view.kind().name())
    };
    // A view always has a JSON form.
    event().json_data(view).unwrap_or_else(|_| event())
}
