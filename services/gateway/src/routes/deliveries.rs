//! Messages of subscriptions: what became of them, those that were given up, and trying the way out.

use std::time::Duration;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;
use scanyard_store::{Delivery, DeliveryId, DeliveryState, SubscriptionId, TenantId};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::subscriptions::subscription_not_found;
use crate::auth::Principal;
use crate::extract::{InPath, Parameters, PlainId};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{DeliveryStateView, DeliveryView, Listing, PageParameters};

/// How long a test is waited for.
const TEST_WAIT: Duration = Duration::from_secs(15);

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(test_subscription))
        .routes(routes!(list_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(redrive_delivery))
}

problems!(TestProblems: InvalidId, SubscriptionNotFound);

/// Send a test message.
///
/// It is sent before all others, once, whatever the subscription's state; its answer is waited for.
#[utoipa::path(post, path = "/v1/subscriptions/{id}/test", tag = "subscriptions",
    params(("id" = Uuid, Path, description = "The subscription.")),
    responses(
        (status = 200, description = "What became of it.", body = DeliveryView),
        (status = 202, description = "It is not sent yet: look again.", body = DeliveryView),
        TestProblems,
    ))]
async fn test_subscription(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<SubscriptionId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let store = gateway.store();
    let added = store.add_test_delivery(principal.tenant, id).await?;
    let added = added.ok_or_else(subscription_not_found)?;
    let deadline = Instant::now() + TEST_WAIT;
    let mut pause = gateway.settings().first_poll;
    loop {
        let delivery = find(&gateway, principal.tenant, &added).await?;
        let is_last = Instant::now() + pause > deadline || gateway.shutdown().is_cancelled();
        match (delivery.state, is_last) {
            (DeliveryState::Waiting, true) => {
                return Ok((StatusCode::ACCEPTED, Json(delivery.into())));
            }
            (DeliveryState::Waiting, false) => tokio::time::sleep(pause).await,
            _ => return Ok((StatusCode::OK, Json(delivery.into()))),
        }
        pause = (pause * 2).min(gateway.settings().slowest_poll);
    }
}

async fn find(gateway: &Gateway, tenant: TenantId, id: &DeliveryId) -> Result<Delivery, Problem> {
    let delivery = gateway.store().delivery(tenant, id).await?;
    delivery.ok_or_else(delivery_not_found)
}

fn delivery_not_found() -> Problem {
    Problem::new(Code::DeliveryNotFound, "You have no such message.")
}

/// Which messages to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only those in this state: `dead` for those that were given up.
    #[param(inline)]
    state: Option<DeliveryStateView>,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidId, InvalidQuery, InvalidCursor, SubscriptionNotFound);

/// List a subscription's messages, the newest first.
///
/// Those that ended are kept for 30 days.
#[utoipa::path(get, path = "/v1/subscriptions/{id}/deliveries", tag = "subscriptions",
    params(("id" = Uuid, Path, description = "The subscription."), ListParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<DeliveryView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_deliveries(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<SubscriptionId>,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let state = parameters.state.map(Into::into);
    let store = gateway.store();
    let listed = store.deliveries(principal.tenant, id, state, &page).await?;
    let listed = listed.ok_or_else(subscription_not_found)?;
    Ok(Listing::new(listed, DeliveryView::from).answer(&uri))
}

problems!(OneProblems: InvalidId, DeliveryNotFound);

/// Look at a message.
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "subscriptions",
    params(("id" = String, Path, description = "The message.")),
    responses((status = 200, description = "The message.", body = DeliveryView), OneProblems))]
async fn get_delivery(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<Json<DeliveryView>, Problem> {
    let delivery = find(&gateway, principal.tenant, &DeliveryId(id)).await?;
    Ok(Json(delivery.into()))
}

/// Send a message again that was given up.
#[utoipa::path(post, path = "/v1/deliveries/{id}/redrive", tag = "subscriptions",
    params(("id" = String, Path, description = "The message.")),
    responses((status = 202, description = "It waits again.", body = DeliveryView), OneProblems))]
async fn redrive_delivery(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let id = DeliveryId(id);
    let store = gateway.store();
    if !store.redrive_delivery(principal.tenant, &id).await? {
        return Err(delivery_not_found());
    }
    let delivery = find(&gateway, principal.tenant, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
