//! What registries deliver: pushes and deletions. Each request proves itself who sends it.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use scanyard_hooks::{Answer, Delivery, Kind, Known};
use scanyard_store::{Hook, HookId, HookSecret};
use scanyard_telemetry::name;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::hooks::row_of;
use crate::auth::tenant_of;
use crate::extract::{HookPath, check_length, refuse_bytes};
use crate::hook_place::Scope;
use crate::hook_receipt::{Receipt, Sender, take};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::trace_context::TraceContext;

const REQUEST_ORIGIN: &str = "webhook-request-origin";
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(deliver_with_key))
        .routes(routes!(deliver, allow_origin))
}

/// The secret of senders that can put it nowhere else. It has no debug form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Token {
    /// The hook's secret, for senders that have neither headers nor signatures.
    token: Option<String>,
}

/// What Azure Event Grid wants to hear before it sends.
#[derive(Debug, Serialize, ToSchema)]
struct HandshakeAnswer {
    /// The code that it sent.
    #[serde(rename = "validationResponse")]
    validation_response: String,
}

problems!(DeliverProblems: InvalidBody, InvalidId, BodyTooLarge, RouteNotFound);

/// Deliver what a registry tells, for a hook.
///
/// The body is what the registry sends, whatever its media type. It is authenticated as the kind of
/// sender offers: a signature, a header, or the query. Pushed images are scanned soon; a deletion
/// takes effect at once. The same delivery may come again, late, or after a later one.
#[utoipa::path(post, path = "/v1/hooks/{kind}/{id}", tag = "hooks",
    params(
        ("kind" = String, Path, description = "The kind of sender.", example = "harbor"),
        ("id" = Uuid, Path, description = "The hook."),
        Token,
    ),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 202, description = "What it told is stored.", body = Receipt),
        (status = 200, description = "The answer to a handshake.", body = HandshakeAnswer),
        DeliverProblems,
    ))]
async fn deliver(
    State(gateway): State<Gateway>,
    Extension(trace): Extension<TraceContext>,
    HookPath { kind, id }: HookPath,
    Query(token): Query<Token>,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, body) = read(&gateway, request).await?;
    let delivery = Delivery {
        headers: &headers,
        body: &body,
    };
    let sender = authenticate(&gateway, kind, id, &delivery, token.token.as_deref()).await?;
    answer(&gateway, &sender, &delivery, &trace).await
}

/// Deliver what a registry tells, with an API key.
///
/// As for a hook, but the key is what authenticates it, and images are pulled from the host that the
/// registry names.
#[utoipa::path(post, path = "/v1/hooks/{kind}", tag = "hooks",
    params(("kind" = String, Path, description = "The kind of sender.", example = "distribution")),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 202, description = "What it told is stored.", body = Receipt),
        (status = 200, description = "The answer to a handshake.", body = HandshakeAnswer),
        DeliverProblems,
    ))]
async fn deliver_with_key(
    State(gateway): State<Gateway>,
    Extension(trace): Extension<TraceContext>,
    Path(kind): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let kind = find_kind(&kind)?;
    let tenant = tenant_of(&gateway, request.headers()).await;
    let sender = Sender {
        tenant: tenant.inspect_err(|_| refused(kind))?,
        kind,
        scope: Scope::default(),
    };
    let (headers, body) = read(&gateway, request).await?;
    let delivery = Delivery {
        headers: &headers,
        body: &body,
    };
    answer(&gateway, &sender, &delivery, &trace).await
}

problems!(AllowProblems: InvalidId, RouteNotFound);

/// Allow a sender of CloudEvents to deliver here.
///
/// The handshake of the CloudEvents webhook specification, which asks before it sends.
#[utoipa::path(options, path = "/v1/hooks/{kind}/{id}", tag = "hooks",
    params(
        ("kind" = String, Path, description = "The kind of sender.", example = "acr"),
        ("id" = Uuid, Path, description = "The hook."),
        Token,
        ("WebHook-Request-Origin" = Option<String>, Header, description = "Who asks."),
    ),
    responses(
        (status = 200, description = "It may.",
            headers(("WebHook-Allowed-Origin" = String, description = "Who may."))),
        AllowProblems,
    ))]
async fn allow_origin(
    State(gateway): State<Gateway>,
    HookPath { kind, id }: HookPath,
    Query(token): Query<Token>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let delivery = Delivery {
        headers: &headers,
        body: b"",
    };
    authenticate(&gateway, kind, id, &delivery, token.token.as_deref()).await?;
    let mut response = StatusCode::OK.into_response();
    if let Some(origin) = headers.get(REQUEST_ORIGIN) {
        let allowed = response.headers_mut();
        allowed.insert(ALLOWED_ORIGIN, origin.clone());
        allowed.insert(ALLOWED_RATE, HeaderValue::from_static("*"));
    }
    Ok(response)
}

/// The kind of this name.
pub fn find_kind(name: &str) -> Result<Kind, Problem> {
    Kind::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Kind::all().map(Kind::name).collect();
        Problem::new(
            Code::RouteNotFound,
            format!("No sender is of this kind; known are {}.", known.join(", ")),
        )
    })
}

async fn read(gateway: &Gateway, request: Request) -> Result<(HeaderMap, Bytes), Problem> {
    let limit = gateway.settings().max_body_bytes;
    check_length(request.headers(), limit)?;
    let headers = request.headers().clone();
    let body: Result<Bytes, _> = request.extract().await;
    let body = body.map_err(|rejection| refuse_bytes(&rejection, limit))?;
    Ok((headers, body))
}

/// Who is told nothing of what is wrong: a hook that is not there, of another kind, or another secret.
async fn authenticate(
    gateway: &Gateway,
    kind: Kind,
    id: HookId,
    delivery: &Delivery<'_>,
    token: Option<&str>,
) -> Result<Sender, Problem> {
    let hook = gateway.store().hook_of_any_tenant(id).await?;
    let hook = hook.filter(|hook| hook.kind == kind.name());
    let authentic = match &hook {
        Some(hook) => is_authentic(gateway, hook, kind, delivery, token)?,
        None => false,
    };
    match hook.filter(|_| authentic) {
        Some(hook) => Ok(Sender {
            tenant: hook.tenant,
            kind,
            scope: Scope {
                registry: hook.registry,
                repositories: hook.repositories,
            },
        }),
        None => {
            refused(kind);
            Err(Problem::new(
                Code::Unauthorized,
                "There is no such hook, or the delivery does not show that its sender knows the secret.",
            ))
        }
    }
}

fn is_authentic(
    gateway: &Gateway,
    hook: &Hook,
    kind: Kind,
    delivery: &Delivery<'_>,
    token: Option<&str>,
) -> Result<bool, Problem> {
    let sealed = match &hook.secret {
        HookSecret::Hashed(hash) => {
            return Ok(kind.is_authentic(&Known::Hash(*hash), delivery, token));
        }
        HookSecret::Sealed { key_id, content } => scanyard_sealing::Sealed {
            key_id: key_id.clone(),
            content: content.clone(),
        },
    };
    let keys = gateway.sealing().ok_or_else(|| {
        Problem::internal("a hook's secret is sealed, and this gateway has no keys")
    })?;
    let secret = keys
        .open(&sealed, &row_of(hook.id))
        .map_err(Problem::internal)?;
    Ok(kind.is_authentic(&Known::Plain(secret.expose()), delivery, token))
}

async fn answer(
    gateway: &Gateway,
    sender: &Sender,
    delivery: &Delivery<'_>,
    trace: &TraceContext,
) -> Result<Response, Problem> {
    let read = sender.kind.read(delivery).map_err(|error| {
        count(sender.kind, "unreadable");
        Problem::new(Code::InvalidBody, format!("The body: {error}."))
    })?;
    count(sender.kind, "taken");
    match read {
        Answer::Handshake { code } => Ok(Json(HandshakeAnswer {
            validation_response: code,
        })
        .into_response()),
        Answer::Events(received) => {
            let receipt = take(gateway, sender, received, trace).await?;
            Ok((StatusCode::ACCEPTED, Json(receipt)).into_response())
        }
    }
}

fn refused(kind: Kind) {
    count(kind, "refused");
}

fn count(kind: Kind, outcome: &'static str) {
    let labels = [("kind", kind.name()), ("outcome", outcome)];
    metrics::counter!(name::HOOK_DELIVERIES, &labels).increment(1);
}
