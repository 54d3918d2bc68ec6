//! Whether the process lives, and whether it can be given work.

use std::future::Future;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::chain;
use crate::state::Gateway;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(get_health))
        .routes(routes!(get_readiness))
}

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Version of the service.
    version: &'static str,
}

/// Whether the process answers. Asks nobody else.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()),
    responses((status = 200, description = "It does.", body = Health)))]
async fn get_health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// How well something works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PartStatus {
    /// As it should.
    Ok,
    /// Requests are taken, but something is missing from their answers.
    Degraded,
    /// Not at all.
    Down,
}

/// How well one part works.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    status: PartStatus,
    /// What is wrong and what to do; null where nothing is.
    detail: Option<&'static str>,
}

impl Part {
    const OK: Part = Part {
        status: PartStatus::Ok,
        detail: None,
    };

    const fn new(status: PartStatus, detail: &'static str) -> Self {
        Self {
            status,
            detail: Some(detail),
        }
    }
}

/// Whether the service can be given work.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// The worst of its parts.
    status: PartStatus,
    service: Part,
    store: Part,
    queue: Part,
    advisories: Part,
}

/// Whether the service can be given work.
///
/// 503 when store or queue is down or the service is stopping. Without advisories it is ready but
/// degraded: scans are taken, and their reports say that nothing was matched.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()),
    responses(
        (status = 200, description = "It can.", body = Readiness),
        (status = 503, description = "It cannot; the body says which part is down.", body = Readiness),
    ))]
async fn get_readiness(State(gateway): State<Gateway>) -> (StatusCode, Json<Readiness>) {
    let (store, queue, advisories) = tokio::join!(
        check(&gateway, "store", gateway.store().check()),
        check(&gateway, "queue", gateway.queue().check()),
        check_advisories(&gateway),
    );
    let service = if gateway.shutdown().is_cancelled() {
        Part::new(PartStatus::Down, "The service is stopping.")
    } else {
        Part::OK
    };
    let worst = [&service, &store, &queue, &advisories].map(|part| part.status);
    let status = worst.into_iter().max().unwrap_or(PartStatus::Down);
    let code = match status {
        PartStatus::Ok | PartStatus::Degraded => StatusCode::OK,
        PartStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    let readiness = Readiness {
        status,
        service,
        store,
        queue,
        advisories,
    };
    (code, Json(readiness))
}

/// Asks one part, within a bound.
async fn check<E: std::error::Error + 'static>(
    gateway: &Gateway,
    part: &'static str,
    answer: impl Future<Output = Result<(), E>>,
) -> Part {
    match tokio::time::timeout(gateway.settings().check_timeout, answer).await {
        Ok(Ok(())) => Part::OK,
        Ok(Err(error)) => {
            tracing::warn!(part, error = %chain(&error), "not ready");
            Part::new(PartStatus::Down, "It fails; the log says why.")
        }
        Err(_) => {
            tracing::warn!(part, "not ready: no answer in time");
            Part::new(PartStatus::Down, "It does not answer.")
        }
    }
}

async fn check_advisories(gateway: &Gateway) -> Part {
    const MISSING: &str =
        "There are no advisories, so nothing is matched; run `scanyard db update`.";
    const NOT_LOADED: &str = "This process has not loaded the advisories in use yet.";
    let timeout = gateway.settings().check_timeout;
    let loaded = gateway.advisories().map(|loaded| loaded.revision);
    let current = tokio::time::timeout(timeout, gateway.store().current_revision()).await;
    match current {
        Ok(Ok(Some(current))) if loaded == Some(current.digest) => Part::OK,
        Ok(Ok(Some(_))) => Part::new(PartStatus::Degraded, NOT_LOADED),
        Ok(Ok(None)) => Part::new(PartStatus::Degraded, MISSING),
        // The store's own part says more.
        Ok(Err(_)) | Err(_) => Part::new(PartStatus::Degraded, "The store cannot say."),
    }
}
