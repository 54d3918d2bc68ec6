//! All routes with all that happens around them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::auth::authenticate;
use crate::middleware::{admit, answer_panic, observe, secure};
use crate::openapi::collect;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::routes;
use crate::state::Gateway;

/// The gateway's router.
pub fn router(gateway: Gateway) -> Router {
    let api = collect();
    // The last layer is the outermost: a request finds its place before it is asked for its key.
    let behind_a_key = api
        .behind_a_key
        .route_layer(from_fn_with_state(gateway.clone(), authenticate))
        .route_layer(from_fn_with_state(gateway.clone(), admit));
    let self_authenticating = api
        .self_authenticating
        .merge(routes::harbor::router())
        .route_layer(from_fn_with_state(gateway.clone(), admit));
    api.open
        .merge(behind_a_key)
        .merge(self_authenticating)
        .fallback(async || {
            Problem::new(
                Code::RouteNotFound,
                "No route of this service has this path.",
            )
        })
        .method_not_allowed_fallback(async || {
            Problem::new(
                Code::MethodNotAllowed,
                "The path exists, for other methods.",
            )
        })
        .layer(DefaultBodyLimit::max(gateway.settings().max_body_bytes))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(CompressionLayer::new())
        .layer(from_fn(secure))
        .layer(from_fn(observe))
        .with_state(gateway)
}

/// Health and metrics alone.
pub fn operation_router(gateway: Gateway) -> Router {
    Router::from(routes::operation())
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(secure))
        .with_state(gateway)
}
