//! What this scanner is and can do.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::error::HarborError;
use super::media_type::{CONSUMED, METADATA, ReportType, sbom_media_types};
use super::principal::HarborTenant;
use crate::state::Gateway;

/// The scanner, as reports and metadata name it.
pub fn scanner() -> Value {
    json!({
        "name": "Scanyard",
        "vendor": "Scanyard",
        "version": env!("CARGO_PKG_VERSION"),
    })
}

pub async fn get_metadata(
    State(gateway): State<Gateway>,
    _: HarborTenant,
) -> Result<impl IntoResponse, HarborError> {
    let mut properties = json!({
        "harbor.scanner-adapter/scanner-type": "os-package-vulnerability",
    });
    let advisories = gateway.advisories();
    if let Some(date) = advisories.and_then(|advisories| advisories.date) {
        properties["harbor.scanner-adapter/vulnerability-database-updated-at"] =
            date.to_rfc3339_opts(SecondsFormat::Secs, true).into();
    }
    let bills: Vec<_> = sbom_media_types().collect();
    let metadata = json!({
        "scanner": scanner(),
        "capabilities": [
            {
                "type": "vulnerability",
                "consumes_mime_types": CONSUMED,
                "produces_mime_types": ReportType::OF_VULNERABILITIES.map(ReportType::name),
            },
            {
                "type": "sbom",
                "consumes_mime_types": CONSUMED,
                "produces_mime_types": [ReportType::Sbom.name()],
                "additional_attributes": { "sbom_media_types": bills },
            },
        ],
        "properties": properties,
    });
    Ok(([(CONTENT_TYPE, METADATA)], Json(metadata)))
}
