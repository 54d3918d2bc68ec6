//! Who asks: Harbor with an API key, in each of the ways that it can send one.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use scanyard_store::TenantId;

use super::error::HarborError;
use crate::auth::tenant_of;
use crate::state::Gateway;

/// Harbor's own header for keys.
const API_KEY: &str = "x-scanneradapter-api-key";

/// The tenant whose key Harbor sends.
#[derive(Debug, Clone, Copy)]
pub struct HarborTenant(pub TenantId);

impl FromRequestParts<Gateway> for HarborTenant {
    type Rejection = HarborError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, HarborError> {
        let own_header = parts.headers.get(API_KEY).and_then(|key| key.to_str().ok());
        let bearer = own_header.and_then(|key| format!("Bearer {key}").parse().ok());
        let mut headers = parts.headers.clone();
        if let Some(bearer) = bearer {
            headers.insert(axum::http::header::AUTHORIZATION, bearer);
        }
        let tenant = tenant_of(gateway, &headers).await;
        tenant.map(Self).map_err(|problem| {
            let status = problem.code().status();
            match status {
                StatusCode::UNAUTHORIZED => HarborError::new(status, problem.into_detail()),
                _ => problem.into(),
            }
        })
    }
}
