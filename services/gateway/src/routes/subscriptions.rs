//! Subscriptions: who is told of events, and of which.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use scanyard_notification::{OpenTarget, SigningSecret, TargetError, open, seal};
use scanyard_sealing::SealingKeys;
use scanyard_store::{
    ChangeFilter, MessageForm, NewSubscription, Subscription, SubscriptionChange, SubscriptionId,
    SubscriptionState, TenantId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::events::check_pattern;
use super::keys::check_name;
use crate::auth::Principal;
use crate::extract::{Body, InPath};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{EventFilterView, MessageFormView, SubscriptionView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_subscriptions, create_subscription))
        .routes(routes!(
            get_subscription,
            change_subscription,
            delete_subscription
        ))
}

/// All subscriptions.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionList {
    /// The subscriptions, the oldest first.
    items: Vec<SubscriptionView>,
}

problems!(ListProblems:);

/// List your subscriptions, the oldest first.
#[utoipa::path(get, path = "/v1/subscriptions", tag = "subscriptions",
    responses((status = 200, description = "The subscriptions.", body = SubscriptionList), ListProblems))]
async fn list_subscriptions(
    State(gateway): State<Gateway>,
    principal: Principal,
) -> Result<Json<SubscriptionList>, Problem> {
    let subscriptions = gateway.store().subscriptions(principal.tenant).await?;
    Ok(Json(SubscriptionList {
        items: subscriptions.into_iter().map(Into::into).collect(),
    }))
}

/// A subscription to be created. It holds secrets, so it has no debug form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionRequest {
    /// What people call it.
    #[schema(example = "security team", min_length = 1, max_length = 100)]
    name: String,
    /// What its messages look like.
    form: MessageFormView,
    /// Where they go: an address of HTTPS on the public internet, unless the installation allows
    /// others. It is kept encrypted and never shown again.
    #[schema(example = "https://hooks.example.com/scanyard")]
    url: String,
    /// What CloudEvents are signed with: `whsec_` and 24 to 64 random bytes in base64. One is made
    /// up if you give none.
    secret: Option<String>,
    /// What they are about; everything, if not given.
    #[serde(default)]
    filter: EventFilterView,
}

/// A subscription and, this one time, a secret that is new.
#[derive(Serialize, ToSchema)]
struct SubscriptionWithSecret {
    #[serde(flatten)]
    subscription: SubscriptionView,
    /// What messages are signed with: HMAC-SHA256 of `webhook-id`, `webhook-timestamp` and the body,
    /// with dots between. Null where it is not new. It cannot be shown again.
    secret: Option<String>,
}

problems!(CreateProblems: InvalidBody, BodyTooLarge, UnsupportedMediaType, InvalidName, InvalidQuery,
    InvalidReceiver, InvalidSecret, SubscriptionLimit, SealingNotConfigured);

/// Subscribe to events.
///
/// One message tells of all that an advisory revision changed about a vulnerability in one way, in
/// however many packages and images. It is sent until the receiver answers with a status of 2xx, with
/// growing waits and a bounded number of times, and always with the same id: a receiver that has seen
/// the id can drop it.
#[utoipa::path(post, path = "/v1/subscriptions", tag = "subscriptions",
    request_body = SubscriptionRequest,
    responses((status = 201, description = "The subscription.", body = SubscriptionWithSecret), CreateProblems))]
async fn create_subscription(
    State(gateway): State<Gateway>,
    principal: Principal,
    Body(request): Body<SubscriptionRequest>,
) -> Result<(StatusCode, Json<SubscriptionWithSecret>), Problem> {
    let form = MessageForm::from(request.form);
    let (secret, shown) = match (form, request.secret) {
        (MessageForm::CloudEvents, None) => generate_secret()?,
        (MessageForm::CloudEvents, Some(given)) => (Some(read_secret(&given)?), None),
        (MessageForm::Slack | MessageForm::Teams, None) => (None, None),
        (MessageForm::Slack | MessageForm::Teams, Some(_)) => return Err(unsigned_form()),
    };
    let id = SubscriptionId(Uuid::now_v7());
    let target = OpenTarget {
        url: check_url(&gateway, &request.url)?,
        secret,
    };
    let new = NewSubscription {
        id,
        tenant: principal.tenant,
        name: check_name(request.name)?,
        form,
        target: seal(keys(&gateway)?, id, &target).map_err(Problem::internal)?,
        filter: check_filter(request.filter)?,
    };
    if !gateway.store().create_subscription(&new).await? {
        return Err(Problem::new(
            Code::SubscriptionLimit,
            "You have as many subscriptions as one may.",
        ));
    }
    let subscription = find(&gateway, principal.tenant, id).await?;
    let created = SubscriptionWithSecret {
        subscription: subscription.into(),
        secret: shown,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// The subscription, if it is the tenant's.
pub async fn find(
    gateway: &Gateway,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<Subscription, Problem> {
    let subscription = gateway.store().subscription(tenant, id).await?;
    subscription.ok_or_else(subscription_not_found)
}

/// The tenant has no such subscription.
pub fn subscription_not_found() -> Problem {
    Problem::new(
        Code::SubscriptionNotFound,
        "You have no subscription of this id.",
    )
}

fn keys(gateway: &Gateway) -> Result<&SealingKeys, Problem> {
    gateway.sealing().ok_or_else(|| {
        Problem::new(
            Code::SealingNotConfigured,
            "This installation has no key to encrypt secrets with.",
        )
    })
}

fn check_url(gateway: &Gateway, url: &str) -> Result<url::Url, Problem> {
    let checked = gateway.egress().check(url);
    checked.map_err(|refused| {
        Problem::new(
            Code::InvalidReceiver,
            format!("The receiver cannot be used: {refused}."),
        )
    })
}

fn check_filter(filter: EventFilterView) -> Result<ChangeFilter, Problem> {
    let mut filter = ChangeFilter::from(filter);
    filter.repository = filter.repository.map(check_pattern).transpose()?;
    filter.kinds.sort_unstable();
    filter.kinds.dedup();
    Ok(filter)
}

fn generate_secret() -> Result<(Option<SigningSecret>, Option<String>), Problem> {
    let secret = SigningSecret::generate().map_err(Problem::internal)?;
    let shown = secret.expose();
    Ok((Some(secret), Some(shown)))
}

fn read_secret(text: &str) -> Result<SigningSecret, Problem> {
    SigningSecret::parse(text).map_err(|invalid| {
        Problem::new(
            Code::InvalidSecret,
            format!("What you gave is none: {invalid}."),
        )
    })
}

fn unsigned_form() -> Problem {
    Problem::new(
        Code::InvalidSecret,
        "Messages to chats are not signed: their address is the secret.",
    )
}

problems!(OneProblems: InvalidId, SubscriptionNotFound);

/// Look at a subscription.
#[utoipa::path(get, path = "/v1/subscriptions/{id}", tag = "subscriptions",
    params(("id" = Uuid, Path, description = "The subscription.")),
    responses((status = 200, description = "The subscription.", body = SubscriptionView), OneProblems))]
async fn get_subscription(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<SubscriptionId>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(find(&gateway, principal.tenant, id).await?.into()))
}

/// The states that one can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WantedState {
    /// Make and send messages, from where it stopped.
    Active,
    /// Stop.
    Paused,
}

/// What to change. It holds secrets, so it has no debug form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionPatch {
    /// Another name.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Another state.
    #[schema(inline)]
    state: Option<WantedState>,
    /// Another address, for what waits too.
    url: Option<String>,
    /// Another secret.
    secret: Option<String>,
    /// `true` for another secret that is made up.
    #[serde(default)]
    rotate_secret: bool,
    /// Another filter in place of the whole one, for what is to come.
    filter: Option<EventFilterView>,
}

problems!(ChangeProblems: InvalidId, InvalidBody, BodyTooLarge, UnsupportedMediaType, InvalidName,
    InvalidQuery, SubscriptionNotFound, InvalidReceiver, InvalidSecret, SealingNotConfigured);

/// Change a subscription: what is not given stays as it is.
///
/// Waits after failures end: what is due is sent at once.
#[utoipa::path(patch, path = "/v1/subscriptions/{id}", tag = "subscriptions",
    params(("id" = Uuid, Path, description = "The subscription.")),
    request_body = SubscriptionPatch,
    responses((status = 200, description = "The subscription.", body = SubscriptionWithSecret), ChangeProblems))]
async fn change_subscription(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<SubscriptionId>,
    Body(patch): Body<SubscriptionPatch>,
) -> Result<Json<SubscriptionWithSecret>, Problem> {
    let known = find(&gateway, principal.tenant, id).await?;
    let mut change = SubscriptionChange {
        name: patch.name.map(check_name).transpose()?,
        state: patch.state.map(|state| match state {
            WantedState::Active => SubscriptionState::Active,
            WantedState::Paused => SubscriptionState::Paused,
        }),
        target: None,
        filter: patch.filter.map(check_filter).transpose()?,
    };
    let signs = known.form == MessageForm::CloudEvents;
    let (secret, shown) = match (patch.secret, patch.rotate_secret) {
        (None, false) => (None, None),
        _ if !signs => return Err(unsigned_form()),
        (Some(given), _) => (Some(read_secret(&given)?), None),
        (None, true) => generate_secret()?,
    };
    if patch.url.is_some() || secret.is_some() {
        let keys = keys(&gateway)?;
        let url = patch.url.map(|url| check_url(&gateway, &url)).transpose()?;
        let opened = open(keys, id, &known.target, gateway.egress());
        let target = merge_target(opened, url, secret, signs)?;
        change.target = Some(seal(keys, id, &target).map_err(Problem::internal)?);
    }
    let store = gateway.store();
    if !store
        .change_subscription(principal.tenant, id, &change)
        .await?
    {
        return Err(subscription_not_found());
    }
    Ok(Json(SubscriptionWithSecret {
        subscription: find(&gateway, principal.tenant, id).await?.into(),
        secret: shown,
    }))
}

/// The target with what is new of it. One that cannot be opened any more can be given anew, whole.
fn merge_target(
    opened: Result<OpenTarget, TargetError>,
    url: Option<url::Url>,
    secret: Option<SigningSecret>,
    signs: bool,
) -> Result<OpenTarget, Problem> {
    match (opened, url, secret) {
        (Ok(known), url, secret) => Ok(OpenTarget {
            url: url.unwrap_or(known.url),
            secret: secret.or(known.secret),
        }),
        (Err(_), Some(url), secret) if secret.is_some() || !signs => Ok(OpenTarget { url, secret }),
        (Err(error), ..) => Err(Problem::new(
            Code::InvalidReceiver,
            "What is known of the receiver cannot be used; give address and secret anew.",
        )
        .caused_by(error)),
    }
}

/// Remove a subscription, with its messages.
#[utoipa::path(delete, path = "/v1/subscriptions/{id}", tag = "subscriptions",
    params(("id" = Uuid, Path, description = "The subscription.")),
    responses((status = 204, description = "It is gone."), OneProblems))]
async fn delete_subscription(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<SubscriptionId>,
) -> Result<StatusCode, Problem> {
    let store = gateway.store();
    match store.delete_subscription(principal.tenant, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(subscription_not_found()),
    }
}
