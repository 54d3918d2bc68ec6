//! A report of a scan, in the form that is asked for; or when to ask again.

use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{SecondsFormat, Utc};
use scanyard_oci::Reference;
use scanyard_package::Digest;
use scanyard_report::{Format, RenderOptions, Report};
use scanyard_store::{SUBJECT_LABEL, Scan, ScanId, ScanState, TenantId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::artifact::Artifact;
use super::error::HarborError;
use super::media_type::{ReportType, essence, sbom_format, sbom_media_types};
use super::metadata::scanner;
use super::principal::HarborTenant;
use super::vulnerability::{Version, vulnerability_report};
use crate::image_report::build_report;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

const REFRESH_AFTER: HeaderName = HeaderName::from_static("refresh-after");
/// Longest wait that is asked for. Harbor reads it as a signed byte, and takes what is larger for
/// its own five seconds.
const LONGEST_WAIT: i64 = 60;

#[derive(Debug, Deserialize)]
pub struct ReportQuery {
    sbom_media_type: Option<String>,
}

/// A form that can be written.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Vulnerabilities(Version),
    Raw,
    Sbom(Format),
}

pub async fn get_report(
    State(gateway): State<Gateway>,
    HarborTenant(tenant): HarborTenant,
    Path(id): Path<String>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, HarborError> {
    let (report_type, wanted) = wanted(&headers, query.sbom_media_type.as_deref())?;
    let scan = find_scan(&gateway, tenant, &id).await?;
    let image = match scan.state {
        ScanState::Queued | ScanState::Cataloging => return Ok(ask_again(&scan)),
        ScanState::Done => scan.images.first().copied(),
        ScanState::Failed | ScanState::Cancelled => None,
    };
    let image = image.ok_or_else(|| failed(&scan))?;
    let report = match build_report(&gateway, tenant, image).await {
        Ok(report) => report,
        Err(problem) if problem.code() == Code::NotReady => return Ok(ask_again(&scan)),
        Err(problem) => return Err(problem.into()),
    };
    let mut artifact = artifact(&scan, image);
    if let Some(subject) = subject(&report) {
        // A bill of materials is reported as the image that it is of.
        artifact.digest = subject;
        artifact.tag = None;
    }
    let body = tokio::task::spawn_blocking(move || write(wanted, &report, &artifact));
    let body = body.await.map_err(Problem::internal)??;
    Ok(([(CONTENT_TYPE, report_type.name())], body).into_response())
}

fn wanted(
    headers: &HeaderMap,
    sbom_media_type: Option<&str>,
) -> Result<(ReportType, Wanted), HarborError> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let report_type = ReportType::accepted(accept).ok_or_else(|| {
        HarborError::new(
            StatusCode::NOT_IMPLEMENTED,
            "this scanner makes no report of the media type in Accept",
        )
    })?;
    let wanted = match report_type {
        ReportType::Vulnerabilities => Wanted::Vulnerabilities(Version::Current),
        ReportType::Legacy => Wanted::Vulnerabilities(Version::Legacy),
        ReportType::Raw => Wanted::Raw,
        ReportType::Sbom => wanted_bill(sbom_media_type)?,
    };
    Ok((report_type, wanted))
}

fn wanted_bill(media_type: Option<&str>) -> Result<Wanted, HarborError> {
    let known = media_type.and_then(sbom_format);
    known.map(Wanted::Sbom).ok_or_else(|| {
        let known: Vec<_> = sbom_media_types().collect();
        HarborError::new(
            StatusCode::BAD_REQUEST,
            format!("sbom_media_type is one of {}", known.join(", ")),
        )
    })
}

async fn find_scan(gateway: &Gateway, tenant: TenantId, id: &str) -> Result<Scan, HarborError> {
    let unknown = || HarborError::new(StatusCode::NOT_FOUND, "there is no such scan");
    let id = ScanId(id.parse().map_err(|_| unknown())?);
    let scan = gateway.store().scan(tenant, id).await;
    scan.map_err(Problem::from)?.ok_or_else(unknown)
}

/// The longer a scan takes, the less often it is asked for.
fn ask_again(scan: &Scan) -> Response {
    let age = (Utc::now() - scan.created_at).num_seconds();
    let wait = (age / 4).clamp(1, LONGEST_WAIT);
    (StatusCode::FOUND, [(REFRESH_AFTER, wait.to_string())]).into_response()
}

fn failed(scan: &Scan) -> HarborError {
    let message = match &scan.failure {
        Some(failure) => format!("{}: {}; {}", failure.code, failure.message, failure.remedy),
        None => "the scan was cancelled".to_owned(),
    };
    HarborError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

/// What the scan was asked about; its reference says it.
fn artifact(scan: &Scan, image: Digest) -> Artifact {
    let reference: Result<Reference, _> = scan.reference.parse();
    match reference {
        Ok(reference) => Artifact::of_reference(&reference),
        Err(_) => Artifact {
            repository: scan.reference.clone(),
            digest: image.to_string(),
            tag: None,
            mime_type: None,
        },
    }
}

/// What the bill of materials is of that was scanned; `None` of an image.
fn subject(report: &Report) -> Option<String> {
    let image = report.image.as_ref()?;
    let is_bill = image.digest == image.config_digest;
    let subject = image.labels.get(SUBJECT_LABEL)?;
    is_bill.then(|| subject.clone())
}

fn write(wanted: Wanted, report: &Report, artifact: &Artifact) -> Result<Vec<u8>, HarborError> {
    let value = match wanted {
        Wanted::Raw => return render(Format::Json, report),
        Wanted::Vulnerabilities(version) => vulnerability_report(report, artifact, version),
        Wanted::Sbom(format) => {
            let bill = render(format, report)?;
            let bill: Value = serde_json::from_slice(&bill).map_err(Problem::internal)?;
            json!({
                "generated_at": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
                "artifact": artifact,
                "scanner": scanner(),
                "vendor_attributes": {},
                "media_type": essence(format.media_type()),
                "sbom": bill,
            })
        }
    };
    serde_json::to_vec(&value).map_err(|error| Problem::internal(error).into())
}

fn render(format: Format, report: &Report) -> Result<Vec<u8>, HarborError> {
    let mut bytes = Vec::new();
    let options = RenderOptions::plain(Utc::now());
    let rendered = format.render(report, &mut bytes, &options);
    rendered.map_err(Problem::internal)?;
    Ok(bytes)
}
