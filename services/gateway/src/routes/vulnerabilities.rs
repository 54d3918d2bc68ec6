//! Vulnerabilities: what they are, and which images have them.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use scanyard_package::Severity;
use scanyard_store::{AffectedImage, VulnerabilityDetail};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::extract::{InPath, Parameters, PlainId};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{FindingView, ImageView, Listing, PageParameters, SeverityView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(get_vulnerability))
        .routes(routes!(list_affected_images))
}

/// A vulnerability, as far as it concerns your images.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vulnerability)]
struct VulnerabilityView {
    /// Its id: its CVE where it has one.
    id: String,
    /// Every other id of the same flaw.
    aliases: Vec<String>,
    /// The worst severity that it has in any package.
    severity: SeverityView,
    /// How many of your images have it.
    images: u64,
    /// A finding of it for each package name that has one.
    findings: Vec<FindingView>,
}

impl VulnerabilityView {
    fn new(asked_for: &str, detail: VulnerabilityDetail) -> Self {
        let findings = || detail.findings.iter().map(|(_, finding)| finding);
        let id = findings()
            .next()
            .map_or_else(|| asked_for.to_owned(), |finding| finding.id.clone());
        let mut aliases: Vec<_> = findings()
            .flat_map(|finding| finding.aliases.iter().chain([&finding.id]))
            .filter(|alias| **alias != id)
            .cloned()
            .collect();
        aliases.sort_unstable();
        aliases.dedup();
        let severity = findings().map(|finding| finding.severity).max();
        Self {
            id,
            aliases,
            severity: severity.unwrap_or(Severity::Unknown).into(),
            images: detail.images,
            findings: detail.findings.into_iter().map(Into::into).collect(),
        }
    }
}

problems!(OneProblems: InvalidId, VulnerabilityNotFound);

/// Look at a vulnerability, under any of its ids.
#[utoipa::path(get, path = "/v1/vulnerabilities/{id}", tag = "vulnerabilities",
    params(("id" = String, Path, description = "CVE, GHSA or any other id.", example = "CVE-2023-5363")),
    responses((status = 200, description = "The vulnerability.", body = VulnerabilityView), OneProblems))]
async fn get_vulnerability(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<Json<VulnerabilityView>, Problem> {
    let detail = gateway.store().vulnerability(principal.tenant, &id).await?;
    let detail = detail.ok_or_else(|| {
        Problem::new(
            Code::VulnerabilityNotFound,
            "No finding in your images has this id.",
        )
    })?;
    Ok(Json(VulnerabilityView::new(&id, detail)))
}

/// An image that has the vulnerability.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AffectedImage)]
struct AffectedImageView {
    /// The image.
    image: ImageView,
    /// The finding in each package of the image that has it.
    findings: Vec<FindingView>,
}

impl From<AffectedImage> for AffectedImageView {
    fn from(affected: AffectedImage) -> Self {
        Self {
            image: affected.image.into(),
            findings: affected.findings.into_iter().map(Into::into).collect(),
        }
    }
}

/// Which page to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidId, InvalidQuery, InvalidCursor);

/// List your images that have a vulnerability, under any of its ids.
#[utoipa::path(get, path = "/v1/vulnerabilities/{id}/images", tag = "vulnerabilities",
    params(
        ("id" = String, Path, description = "CVE, GHSA or any other id.", example = "CVE-2023-5363"),
        ListParameters,
    ),
    responses(
        (status = 200, description = "A page; empty when no image has it.", body = Listing<AffectedImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_affected_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let page = gateway
        .store()
        .affected_images(principal.tenant, &id, &page)
        .await?;
    Ok(Listing::new(page, AffectedImageView::from).answer(&uri))
}
