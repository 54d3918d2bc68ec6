//! A scan that Harbor asks for. It answers at once: one scan stands for every report that is asked of
//! it.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use chrono::{TimeDelta, Utc};
use scanyard_access::ScanAuthorization;
use scanyard_protocol::Lane;
use scanyard_store::{NewScan, ScanId, TenantId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::artifact::{Artifact, invalid};
use super::error::HarborError;
use super::media_type::{ReportType, SCAN_RESPONSE, sbom_format};
use super::principal::HarborTenant;
use crate::problem::Problem;
use crate::state::Gateway;
use crate::submission::check_registry;
use crate::trace_context::TraceContext;

/// How long the authorization is kept: Harbor's own robot accounts live no longer.
const AUTHORIZATION_TIME: TimeDelta = TimeDelta::hours(1);

/// What Harbor asks for. It holds credentials, so it has no debug form.
#[derive(Deserialize)]
struct ScanRequest {
    registry: Registry,
    artifact: Artifact,
    #[serde(default)]
    enabled_capabilities: Option<Vec<Capability>>,
}

#[derive(Deserialize)]
struct Registry {
    url: String,
    /// The value of an Authorization header.
    #[serde(default)]
    authorization: Option<String>,
}

#[derive(Deserialize)]
struct Capability {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    produces_mime_types: Option<Vec<String>>,
    #[serde(default)]
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    sbom_media_types: Option<Vec<String>>,
}

impl Capability {
    /// Whether there is a report of ours that it asks for.
    fn is_known(&self) -> bool {
        let of_sboms = match self.r#type.as_deref() {
            None | Some("vulnerability") => false,
            Some("sbom") => true,
            Some(_) => return false,
        };
        let produces = self.produces_mime_types.iter().flatten();
        let mut types = produces.filter_map(|name| ReportType::of_name(name));
        let asked = self.produces_mime_types.as_ref().is_none_or(Vec::is_empty);
        let fits = |known: ReportType| (known == ReportType::Sbom) == of_sboms;
        let wanted = self
            .parameters
            .iter()
            .flat_map(|p| &p.sbom_media_types)
            .flatten();
        let mut wanted = wanted.peekable();
        let bill = wanted.peek().is_none() || wanted.any(|wanted| sbom_format(wanted).is_some());
        (asked || types.any(fits)) && (bill || !of_sboms)
    }
}

pub async fn accept_scan(
    State(gateway): State<Gateway>,
    HarborTenant(tenant): HarborTenant,
    Extension(trace): Extension<TraceContext>,
    body: Bytes,
) -> Result<impl IntoResponse, HarborError> {
    let request: ScanRequest = serde_json::from_slice(&body).map_err(read_error)?;
    let capabilities = request.enabled_capabilities.as_deref().unwrap_or_default();
    if !capabilities.is_empty() && !capabilities.iter().any(Capability::is_known) {
        return Err(HarborError::new(
            StatusCode::NOT_IMPLEMENTED,
            "none of the capabilities that are asked for is one of this scanner",
        ));
    }
    let reference = request
        .artifact
        .reference(&request.registry.url)?
        .to_string();
    check_registry(&gateway, tenant, &reference).await?;
    let id = ScanId(Uuid::now_v7());
    if let Some(authorization) = request
        .registry
        .authorization
        .filter(|text| !text.is_empty())
    {
        keep_authorization(&gateway, tenant, id, &authorization).await?;
    }
    let scan = NewScan {
        id,
        tenant,
        reference,
        platform: None,
        lane: Lane::Interactive,
        idempotency_key: None,
        traceparent: Some(trace.traceparent().to_owned()),
    };
    gateway
        .store()
        .create_scan(&scan)
        .await
        .map_err(Problem::from)?;
    let body = json!({ "id": id.0 }).to_string();
    Ok((StatusCode::ACCEPTED, [(CONTENT_TYPE, SCAN_RESPONSE)], body))
}

/// JSON that is none is one thing, a field that is wrong another.
fn read_error(error: serde_json::Error) -> HarborError {
    match error.classify() {
        serde_json::error::Category::Data => invalid(format!("the body: {error}")),
        _ => HarborError::new(StatusCode::BAD_REQUEST, format!("the body: {error}")),
    }
}

/// Keeps it for this scan alone, before the scan is there: its worker may be quick.
async fn keep_authorization(
    gateway: &Gateway,
    tenant: TenantId,
    scan: ScanId,
    authorization: &str,
) -> Result<(), HarborError> {
    let authorization = ScanAuthorization::parse(authorization)
        .map_err(|error| invalid(format!("registry.authorization: {error}")))?;
    let keys = gateway.sealing().ok_or_else(|| {
        HarborError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "this installation has no key to encrypt the authorization with: start it with --sealing-key-file",
        )
    })?;
    let sealed = authorization.seal(keys, scan).map_err(Problem::internal)?;
    let expires_at = Utc::now() + AUTHORIZATION_TIME;
    let kept = gateway
        .store()
        .keep_scan_credential(tenant, scan, &sealed, expires_at)
        .await;
    kept.map_err(|error| Problem::from(error).into())
}
