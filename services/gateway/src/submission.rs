//! From what a client asks for to a scan that can be stored.

use axum::http::HeaderMap;
use scanyard_oci::{Platform, Source};
use scanyard_store::{NewScan, ScanId, TenantId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;
use crate::trace_context::TraceContext;
use crate::view::LaneView;

const MAX_REFERENCE: usize = 2048;
const MAX_PLATFORM: usize = 64;
const MAX_KEY: usize = 255;

/// What is to be scanned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The image's reference, as docker writes it.
    #[schema(example = "alpine:3.18")]
    reference: String,
    /// The platform wanted of an image for several, or `all`, which is the default.
    #[schema(example = "linux/amd64")]
    platform: Option<String>,
    /// Who waits.
    #[serde(default)]
    #[schema(inline)]
    lane: LaneView,
}

impl ScanRequest {
    /// The scan that is asked for, all of it checked.
    pub fn into_scan(
        self,
        gateway: &Gateway,
        tenant: TenantId,
        headers: &HeaderMap,
        trace: &TraceContext,
    ) -> Result<NewScan, Problem> {
        Ok(NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant,
            reference: complete_reference(&self.reference, gateway.allows_local_sources())?,
            platform: self.platform.as_deref().map_or(Ok(None), choose_platform)?,
            lane: self.lane.into(),
            idempotency_key: idempotency_key(headers)?,
            traceparent: Some(trace.traceparent().to_owned()),
        })
    }
}

pub fn complete_reference(text: &str, allow_local: bool) -> Result<String, Problem> {
    if text.len() > MAX_REFERENCE || text.chars().any(char::is_control) {
        return Err(Problem::new(
            Code::InvalidReference,
            format!("A reference has at most {MAX_REFERENCE} bytes and no control characters."),
        ));
    }
    let source: Source = text
        .parse()
        .map_err(|error| Problem::new(Code::InvalidReference, format!("{error}.")))?;
    if matches!(source, Source::Sbom { .. }) {
        return Err(Problem::new(
            Code::InvalidReference,
            "A bill of materials is submitted at /v1/sboms.",
        ));
    }
    if source.is_local() && !allow_local {
        return Err(Problem::new(
            Code::LocalSourceRefused,
            "This service does not scan files and directories of its own machine.",
        ));
    }
    Ok(source.to_string())
}

/// Refuses a reference whose registry may not be asked, as far as its name says so.
pub async fn check_registry(
    gateway: &Gateway,
    tenant: TenantId,
    reference: &str,
) -> Result<(), Problem> {
    let Ok(Source::Registry(reference)) = reference.parse() else {
        return Ok(());
    };
    let (rules, host) = (gateway.registry_rules(), reference.registry());
    if rules.check(host, None).is_ok() {
        return Ok(());
    }
    let key = host.to_ascii_lowercase();
    let known = gateway.store().registry_of_host(tenant, &key).await?;
    let settings = known.as_ref().map(|known| &known.settings);
    rules
        .check(host, settings)
        .map_err(|refused| Problem::new(Code::RegistryNotAllowed, format!("{refused}.")))
}

/// `None` is every platform.
pub fn choose_platform(text: &str) -> Result<Option<String>, Problem> {
    if text == "all" {
        return Ok(None);
    }
    if text.len() > MAX_PLATFORM {
        return Err(Problem::new(
            Code::InvalidPlatform,
            format!("A platform has at most {MAX_PLATFORM} bytes."),
        ));
    }
    text.parse::<Platform>()
        .map(|platform| Some(platform.to_string()))
        .map_err(|error| Problem::new(Code::InvalidPlatform, format!("{error}.")))
}

/// The key under which a repeated request is found again.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(
            Code::InvalidHeader,
            format!("Idempotency-Key must have 1 to {MAX_KEY} visible characters."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_stored_complete() {
        assert_eq!(
            complete_reference("alpine", false).unwrap(),
            "docker.io/library/alpine:latest"
        );
        assert_eq!(complete_reference("oci:/x", true).unwrap(), "oci:/x");
        // Another tenant's bill could be named so.
        let bill = format!("sbom:app@sha256:{}", "a".repeat(64));
        assert!(complete_reference(&bill, true).is_err());
    }

    #[test]
    fn every_platform_is_none_in_particular() {
        assert_eq!(choose_platform("all").unwrap(), None);
        assert_eq!(
            choose_platform("linux/arm/v7").unwrap().as_deref(),
            Some("linux/arm/v7")
        );
        assert_eq!(
            choose_platform("amd64").unwrap_err().code(),
            Code::InvalidPlatform
        );
    }
}
