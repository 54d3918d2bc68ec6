//! Bounds how many requests run, and for how long.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::prefer::preferred_wait;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;
use crate::upload::is_upload;

/// Gives each request a place and a deadline. A request that would wait for a scan takes one of
/// the places for that, so that waiting ones never keep others out; where all are taken it does not
/// wait.
pub async fn admit(
    State(gateway): State<Gateway>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if is_upload(&request) {
        // It watches over its own pace, and waits for its client most of the time.
        let place = take(gateway.waiting()).ok_or_else(overloaded)?;
        let answer = next.run(request).await;
        drop(place);
        return Ok(answer);
    }
    let wait = preferred_wait(request.headers(), gateway.settings().max_wait);
    let waiting = wait.and_then(|wait| Some((take(gateway.waiting())?, wait)));
    let (place, wait) = match waiting {
        Some((place, wait)) => (place, wait),
        None => {
            request.headers_mut().remove("prefer");
            let place = take(gateway.running()).ok_or_else(overloaded)?;
            (place, Duration::ZERO)
        }
    };
    let deadline = gateway.settings().request_timeout + wait;
    let answered = tokio::time::timeout(deadline, next.run(request)).await;
    drop(place);
    answered.map_err(|_| {
        Problem::new(
            Code::Timeout,
            format!("There was no answer within {} s.", deadline.as_secs()),
        )
    })
}

/// A place, if there is one at once: those who come too late are told so while it costs nothing.
pub fn take(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(places).try_acquire_owned().ok()
}

/// All places are taken.
pub fn overloaded() -> Problem {
    Problem::new(
        Code::Overloaded,
        "As many requests as may run at once do so already.",
    )
}
