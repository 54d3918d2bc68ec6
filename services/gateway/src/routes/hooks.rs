//! Hooks: which registries may tell of pushes and deletions, and how they show that it is them.

use axum::Json;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use scanyard_hooks::{Address, Kind, Known, Origin};
use scanyard_oci::RegistryHost;
use scanyard_sealing::Secret;
use scanyard_store::{Hook, HookId, HookSecret, NewHook, TenantId};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::events::check_pattern;
use super::hook_deliveries::find_kind;
use super::keys::check_name;
use crate::auth::Principal;
use crate::extract::{Body, HookPath};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::HookView;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// What stands for a secret that cannot be shown again.
const HIDDEN: &str = "SECRET";
const MAX_PATTERNS: usize = 100;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_hooks, create_hook))
        .routes(routes!(get_hook, delete_hook))
}

/// What a hook's secret is sealed for.
pub fn row_of(id: HookId) -> String {
    format!("hook {}", id.0)
}

/// All hooks.
#[derive(Debug, Serialize, ToSchema)]
struct HookList {
    /// The hooks, the oldest first.
    items: Vec<HookView>,
}

problems!(ListProblems:);

/// List your hooks, the oldest first.
#[utoipa::path(get, path = "/v1/hooks", tag = "hooks",
    responses((status = 200, description = "The hooks.", body = HookList), ListProblems))]
async fn list_hooks(
    State(gateway): State<Gateway>,
    principal: Principal,
) -> Result<Json<HookList>, Problem> {
    let hooks = gateway.store().hooks(principal.tenant).await?;
    Ok(Json(HookList {
        items: hooks.into_iter().map(Into::into).collect(),
    }))
}

/// A hook to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookRequest {
    /// What people call it.
    #[schema(example = "our Harbor", min_length = 1, max_length = 100)]
    name: String,
    /// The kind of sender.
    #[schema(example = "harbor")]
    kind: String,
    /// The host under which images are pulled. Senders often name one that only they can reach.
    #[schema(example = "harbor.example.com")]
    registry: Option<String>,
    /// Only repositories of such names, without the host; `*` stands for anything up to a slash, `**`
    /// for anything.
    #[serde(default)]
    #[schema(example = json!(["shop/**"]))]
    repositories: Vec<String>,
    /// Under which address the sender reaches this service; that of this request, if not given.
    #[schema(example = "https://scanyard.example.com")]
    service_url: Option<String>,
}

/// A hook and what to set up at its sender. It holds a secret, so it has no debug form.
#[derive(Serialize, ToSchema)]
struct HookWithSettings {
    #[serde(flatten)]
    hook: HookView,
    /// The secret, this one time; null afterwards.
    secret: Option<String>,
    /// Where the sender delivers to.
    url: String,
    /// What to set up at the sender, a line each.
    settings: Vec<String>,
}

problems!(CreateProblems: InvalidBody, BodyTooLarge, UnsupportedMediaType, InvalidName, InvalidQuery,
    InvalidReference, RouteNotFound, HookLimit, SealingNotConfigured);

/// Let a registry tell of pushes and deletions.
///
/// The answer shows a secret, this one time, and what to set up at the registry.
#[utoipa::path(post, path = "/v1/hooks", tag = "hooks",
    request_body = HookRequest,
    responses((status = 201, description = "The hook.", body = HookWithSettings), CreateProblems))]
async fn create_hook(
    State(gateway): State<Gateway>,
    principal: Principal,
    headers: HeaderMap,
    Body(request): Body<HookRequest>,
) -> Result<(StatusCode, Json<HookWithSettings>), Problem> {
    let kind = find_kind(&request.kind)?;
    let base = service_url(request.service_url.as_deref(), &headers)?;
    let id = HookId(Uuid::now_v7());
    let secret = Secret::random(SECRET_BYTES).map_err(Problem::internal)?;
    let secret = hex::encode(secret.expose());
    let new = NewHook {
        id,
        tenant: principal.tenant,
        name: check_name(request.name)?,
        kind: kind.name().to_owned(),
        registry: check_registry(kind, request.registry)?,
        repositories: check_patterns(request.repositories)?,
        secret: keep(&gateway, kind, id, &secret)?,
    };
    if !gateway.store().create_hook(&new).await? {
        return Err(Problem::new(
            Code::HookLimit,
            "You have as many hooks as one may.",
        ));
    }
    let hook = find(&gateway, principal.tenant, kind, id).await?;
    let created = with_settings(hook, kind, &base, Some(secret));
    Ok((StatusCode::CREATED, Json(created)))
}

/// What is kept of the secret: as little as will do.
fn keep(gateway: &Gateway, kind: Kind, id: HookId, secret: &str) -> Result<HookSecret, Problem> {
    if !kind.signs() {
        return Ok(HookSecret::Hashed(Known::hash(secret.as_bytes())));
    }
    let keys = gateway.sealing().ok_or_else(|| {
        Problem::new(
            Code::SealingNotConfigured,
            "This installation has no key to encrypt the secret with, and signatures need it in plain.",
        )
    })?;
    let sealed = keys
        .seal(secret.as_bytes(), &row_of(id))
        .map_err(Problem::internal)?;
    Ok(HookSecret::Sealed {
        key_id: sealed.key_id,
        content: sealed.content,
    })
}

fn check_registry(kind: Kind, registry: Option<String>) -> Result<Option<String>, Problem> {
    let Some(registry) = registry else {
        return match kind.origin() {
            Origin::Delivery => Ok(None),
            Origin::Hook => Err(Problem::new(
                Code::InvalidReference,
                format!(
                    "{} does not say under which host images are pulled; give it as registry.",
                    kind.title()
                ),
            )),
        };
    };
    let host: Result<RegistryHost, _> = registry.parse();
    host.map(|host| Some(host.to_string()))
        .map_err(|error| Problem::new(Code::InvalidReference, format!("{error}.")))
}

fn check_patterns(patterns: Vec<String>) -> Result<Vec<String>, Problem> {
    if patterns.len() > MAX_PATTERNS {
        return Err(Problem::new(
            Code::InvalidQuery,
            format!("A hook has at most {MAX_PATTERNS} patterns."),
        ));
    }
    patterns.into_iter().map(check_pattern).collect()
}

/// Where senders reach this service, without a slash at the end.
fn service_url(given: Option<&str>, headers: &HeaderMap) -> Result<String, Problem> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let text = match (given, host) {
        (Some(given), _) => given.to_owned(),
        (None, Some(host)) => format!("http://{host}"),
        (None, None) => "http://localhost".to_owned(),
    };
    let url = Url::parse(&text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
    let url = url.ok_or_else(|| {
        Problem::new(
            Code::InvalidBody,
            "service_url is none: write https://HOST.",
        )
    })?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn with_settings(hook: Hook, kind: Kind, base: &str, secret: Option<String>) -> HookWithSettings {
    let hook = HookView::from(hook);
    let url = format!("{base}{}", hook.path);
    let address = Address {
        url: &url,
        secret: secret.as_deref().unwrap_or(HIDDEN),
    };
    HookWithSettings {
        settings: kind.settings(&address),
        hook,
        secret,
        url,
    }
}

async fn find(
    gateway: &Gateway,
    tenant: TenantId,
    kind: Kind,
    id: HookId,
) -> Result<Hook, Problem> {
    let hook = gateway.store().hook_of_any_tenant(id).await?;
    hook.filter(|hook| hook.tenant == tenant && hook.kind == kind.name())
        .ok_or_else(hook_not_found)
}

fn hook_not_found() -> Problem {
    Problem::new(Code::HookNotFound, "You have no hook of this kind and id.")
}

problems!(OneProblems: InvalidId, RouteNotFound, HookNotFound);

/// Look at a hook.
#[utoipa::path(get, path = "/v1/hooks/{kind}/{id}", tag = "hooks",
    params(
        ("kind" = String, Path, description = "The kind of sender.", example = "harbor"),
        ("id" = Uuid, Path, description = "The hook."),
    ),
    responses((status = 200, description = "The hook, its secret written as SECRET.", body = HookWithSettings), OneProblems))]
async fn get_hook(
    State(gateway): State<Gateway>,
    principal: Principal,
    headers: HeaderMap,
    HookPath { kind, id }: HookPath,
) -> Result<Json<HookWithSettings>, Problem> {
    let hook = find(&gateway, principal.tenant, kind, id).await?;
    let base = service_url(None, &headers)?;
    Ok(Json(with_settings(hook, kind, &base, None)))
}

/// Remove a hook: its sender is refused from now on.
#[utoipa::path(delete, path = "/v1/hooks/{kind}/{id}", tag = "hooks",
    params(
        ("kind" = String, Path, description = "The kind of sender.", example = "harbor"),
        ("id" = Uuid, Path, description = "The hook."),
    ),
    responses((status = 204, description = "It is gone."), OneProblems))]
async fn delete_hook(
    State(gateway): State<Gateway>,
    principal: Principal,
    HookPath { kind, id }: HookPath,
) -> Result<StatusCode, Problem> {
    find(&gateway, principal.tenant, kind, id).await?;
    match gateway.store().delete_hook(principal.tenant, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(hook_not_found()),
    }
}
