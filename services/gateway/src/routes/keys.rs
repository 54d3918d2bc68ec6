//! API keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use scanyard_store::{ApiKey, KeyId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::api_key::NewKey;
use crate::auth::Principal;
use crate::extract::{Body, InPath};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;

const MAX_NAME: usize = 100;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(revoke_key))
}

/// An API key, without its secret, which is not stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct KeyView {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Its public first part.
    prefix: String,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it was revoked; null while it works.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            name: key.name,
            prefix: key.prefix,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeyList {
    /// The keys, the oldest first.
    items: Vec<KeyView>,
}

problems!(ListProblems:);

/// List your API keys, the oldest first.
#[utoipa::path(get, path = "/v1/keys", tag = "keys",
    responses((status = 200, description = "The keys.", body = KeyList), ListProblems))]
async fn list_keys(
    State(gateway): State<Gateway>,
    principal: Principal,
) -> Result<Json<KeyList>, Problem> {
    let keys = gateway.store().keys(principal.tenant).await?;
    Ok(Json(KeyList {
        items: keys.into_iter().map(Into::into).collect(),
    }))
}

/// A key to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyRequest {
    /// What people call it.
    #[schema(example = "ci", min_length = 1, max_length = 100)]
    name: String,
}

/// A key, this one time with its secret.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedKey {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// The key. It cannot be shown again.
    #[schema(example = "sy_3f2a…_9b1c…")]
    key: String,
}

problems!(CreateProblems: InvalidBody, BodyTooLarge, UnsupportedMediaType, InvalidName);

/// Create an API key.
#[utoipa::path(post, path = "/v1/keys", tag = "keys",
    request_body = KeyRequest,
    responses((status = 201, description = "The key.", body = CreatedKey), CreateProblems))]
async fn create_key(
    State(gateway): State<Gateway>,
    principal: Principal,
    Body(request): Body<KeyRequest>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let name = check_name(request.name)?;
    let key = NewKey::generate(principal.tenant, name).map_err(Problem::internal)?;
    gateway.store().create_key(&key.stored).await?;
    let created = CreatedKey {
        id: key.stored.id.0,
        name: key.stored.name,
        key: key.plaintext,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// A name, if it is one that can be shown.
pub fn check_name(name: String) -> Result<String, Problem> {
    let length = name.chars().count();
    if !(1..=MAX_NAME).contains(&length) || name.chars().any(char::is_control) {
        return Err(Problem::new(
            Code::InvalidName,
            format!("The name has {length} characters, or some that cannot be shown."),
        ));
    }
    Ok(name)
}

problems!(RevokeProblems: InvalidId, KeyNotFound);

/// Revoke an API key.
///
/// Other gateways may take it for ten seconds more.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 204, description = "It works no more."), RevokeProblems))]
async fn revoke_key(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<KeyId>,
) -> Result<StatusCode, Problem> {
    let revoked = gateway.store().revoke_key(principal.tenant, id).await?;
    gateway.key_cache().clear();
    if revoked {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(
            Code::KeyNotFound,
            "You have no key of this id.",
        ))
    }
}
