//! Registries: where images are pulled from, and with which credentials.

mod request;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use scanyard_store::{CreatedRegistry, NewRegistry, RegistryId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::request::{
    RegistryChangeRequest, RegistryRequest, read_change, read_host, read_settings,
};
use crate::auth::Principal;
use crate::extract::{Body, InPath};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::RegistryView;

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_registries, create_registry))
        .routes(routes!(get_registry, change_registry, delete_registry))
}

/// All registries.
#[derive(Debug, Serialize, ToSchema)]
struct RegistryList {
    /// The registries, in the order of their hosts.
    items: Vec<RegistryView>,
}

problems!(ListProblems:);

/// List your registries.
#[utoipa::path(get, path = "/v1/registries", tag = "registries",
    responses((status = 200, description = "The registries.", body = RegistryList), ListProblems))]
async fn list_registries(
    State(gateway): State<Gateway>,
    principal: Principal,
) -> Result<Json<RegistryList>, Problem> {
    let registries = gateway.store().registries(principal.tenant).await?;
    Ok(Json(RegistryList {
        items: registries.into_iter().map(Into::into).collect(),
    }))
}

problems!(CreateProblems: InvalidBody, BodyTooLarge, UnsupportedMediaType, InvalidReference,
    InvalidQuery, RegistryConflict, RegistryNotAllowed, SealingNotConfigured);

/// Add a registry: how it is reached, and with which credentials.
///
/// Secrets are encrypted before they are stored, and never shown again. They are opened for one pull.
#[utoipa::path(post, path = "/v1/registries", tag = "registries",
    request_body = RegistryRequest,
    responses((status = 201, description = "The registry.", body = RegistryView), CreateProblems))]
async fn create_registry(
    State(gateway): State<Gateway>,
    principal: Principal,
    Body(request): Body<RegistryRequest>,
) -> Result<(StatusCode, Json<RegistryView>), Problem> {
    let id = RegistryId(Uuid::now_v7());
    let new = NewRegistry {
        id,
        tenant: principal.tenant,
        host: read_host(&request.host)?,
        settings: read_settings(&gateway, id, request)?,
    };
    match gateway.store().create_registry(&new).await? {
        CreatedRegistry::New => {}
        CreatedRegistry::HostTaken => {
            let detail = format!("You have {} already.", new.host);
            return Err(Problem::new(Code::RegistryConflict, detail));
        }
        CreatedRegistry::TooMany => {
            let detail = "You have as many registries as one may.";
            return Err(Problem::new(Code::RegistryConflict, detail));
        }
    }
    let registry = find(&gateway, &principal, id).await?;
    Ok((StatusCode::CREATED, Json(registry)))
}

async fn find(
    gateway: &Gateway,
    principal: &Principal,
    id: RegistryId,
) -> Result<RegistryView, Problem> {
    let registry = gateway.store().registry(principal.tenant, id).await?;
    registry.map(Into::into).ok_or_else(registry_not_found)
}

fn registry_not_found() -> Problem {
    Problem::new(Code::RegistryNotFound, "You have no registry of this id.")
}

problems!(OneProblems: InvalidId, RegistryNotFound);

/// Look at a registry.
#[utoipa::path(get, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = Uuid, Path, description = "The registry.")),
    responses((status = 200, description = "The registry.", body = RegistryView), OneProblems))]
async fn get_registry(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<RegistryId>,
) -> Result<Json<RegistryView>, Problem> {
    Ok(Json(find(&gateway, &principal, id).await?))
}

problems!(ChangeProblems: InvalidId, InvalidBody, BodyTooLarge, UnsupportedMediaType,
    InvalidReference, InvalidQuery, RegistryNotFound, RegistryNotAllowed, SealingNotConfigured);

/// Change a registry. What is not given stays.
///
/// Workers pull with the change within seconds.
#[utoipa::path(patch, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = Uuid, Path, description = "The registry.")),
    request_body = RegistryChangeRequest,
    responses((status = 200, description = "The registry.", body = RegistryView), ChangeProblems))]
async fn change_registry(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<RegistryId>,
    Body(request): Body<RegistryChangeRequest>,
) -> Result<Json<RegistryView>, Problem> {
    let change = read_change(&gateway, id, request)?;
    let store = gateway.store();
    if !store.change_registry(principal.tenant, id, &change).await? {
        return Err(registry_not_found());
    }
    Ok(Json(find(&gateway, &principal, id).await?))
}

/// Remove a registry with its credentials. Its images stay known.
#[utoipa::path(delete, path = "/v1/registries/{id}", tag = "registries",
    params(("id" = Uuid, Path, description = "The registry.")),
    responses((status = 204, description = "It is gone."), OneProblems))]
async fn delete_registry(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(id): InPath<RegistryId>,
) -> Result<StatusCode, Problem> {
    match gateway
        .store()
        .delete_registry(principal.tenant, id)
        .await?
    {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(registry_not_found()),
    }
}
