//! Vulnerabilities: what they are, and which images have them.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use scanyard_package::Severity;
use scanyard_store::{Subject, VulnerabilityDetail};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::export::{ListFormat, export};
use crate::extract::{InPath, PlainId};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::selecting::{NoParameters, Selecting, SelectionParameters};
use crate::state::Gateway;
use crate::view::{
    AffectedImageView, FindingView, HolderList, PageParameters, RepositoryImagesView, SeverityView,
};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(get_vulnerability))
        .routes(routes!(list_affected_images))
        .routes(routes!(list_affected_repositories))
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
    /// The same images by whether newer versions of what is affected in them no longer are.
    images_by_fix: ImagesByFixView,
    /// How likely it is to be exploited within thirty days, 0 to 1 (EPSS); null where nobody
    /// predicts it.
    epss: Option<f64>,
    /// A finding of it for each package name that has one.
    findings: Vec<FindingView>,
}

/// Images by whether there are newer versions of their affected packages without the flaw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImagesByFix)]
struct ImagesByFixView {
    /// Of every affected package.
    all: u64,
    /// Of some of them.
    some: u64,
    /// Of none.
    none: u64,
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
            images_by_fix: ImagesByFixView {
                all: detail.fixes.all,
                some: detail.fixes.some,
                none: detail.fixes.none,
            },
            epss: detail.probability,
            findings: detail.findings.into_iter().map(Into::into).collect(),
        }
    }
}

problems!(OneProblems: InvalidId, InvalidQuery, VulnerabilityNotFound);

/// Look at a vulnerability, under any of its ids.
#[utoipa::path(get, path = "/v1/vulnerabilities/{id}", tag = "vulnerabilities",
    params(
        ("id" = String, Path, description = "CVE, GHSA or any other id.", example = "CVE-2023-5363"),
        SelectionParameters,
    ),
    responses((status = 200, description = "The vulnerability.", body = VulnerabilityView), OneProblems))]
async fn get_vulnerability(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
    Selecting {
        selection,
        own: NoParameters {},
    }: Selecting<NoParameters>,
) -> Result<Json<VulnerabilityView>, Problem> {
    let detail = gateway
        .store()
        .vulnerability(principal.tenant, &id, &selection)
        .await?;
    let detail = detail.ok_or_else(|| {
        Problem::new(
            Code::VulnerabilityNotFound,
            "No finding in your images has this id.",
        )
    })?;
    Ok(Json(VulnerabilityView::new(&id, detail)))
}

/// Which page to list, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// `json` for a page, `csv` or `ndjson` for everything; `Accept` says it too.
    #[param(inline)]
    format: Option<ListFormat>,
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
        SelectionParameters,
    ),
    responses(
        (status = 200, description = "A page; empty when no image has it.", body = HolderList<AffectedImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_affected_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Selecting { selection, own }: Selecting<ListParameters>,
) -> Result<Response, Problem> {
    let subject = Subject::Vulnerability(id);
    let tenant = principal.tenant;
    let format = ListFormat::choose(own.format, &headers);
    if format != ListFormat::Json {
        let reader = gateway.clone();
        let read = move |page| {
            let (gateway, subject, selection) =
                (reader.clone(), subject.clone(), selection.clone());
            Box::pin(async move {
                let store = gateway.store();
                let holders = store.holders(tenant, &subject, &selection, &page).await?;
                Ok(holders.page.map(AffectedImageView::from))
            }) as _
        };
        return export(&gateway, format, own.cursor, read).await;
    }
    let page = PageParameters {
        limit: own.limit,
        cursor: own.cursor,
    };
    let page = page.request()?;
    let holders = gateway
        .store()
        .holders(tenant, &subject, &selection, &page)
        .await?;
    let list = HolderList::new(holders, AffectedImageView::from);
    Ok((list.link(&uri), Json(list)).into_response())
}

/// Repositories whose images have a vulnerability.
#[derive(Debug, Serialize, ToSchema)]
struct AffectedRepositoryList {
    /// The repositories, those with most such images first.
    items: Vec<RepositoryImagesView>,
}

problems!(CountProblems: InvalidId, InvalidQuery);

/// Count your images that have a vulnerability by repository.
#[utoipa::path(get, path = "/v1/vulnerabilities/{id}/repositories", tag = "vulnerabilities",
    params(
        ("id" = String, Path, description = "CVE, GHSA or any other id.", example = "CVE-2023-5363"),
        SelectionParameters,
    ),
    responses(
        (status = 200, description = "The first 500 repositories.", body = AffectedRepositoryList),
        CountProblems,
    ))]
async fn list_affected_repositories(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
    Selecting {
        selection,
        own: NoParameters {},
    }: Selecting<NoParameters>,
) -> Result<Json<AffectedRepositoryList>, Problem> {
    let subject = Subject::Vulnerability(id);
    let repositories = gateway
        .store()
        .holders_by_repository(principal.tenant, &subject, &selection, 500)
        .await?;
    Ok(Json(AffectedRepositoryList {
        items: repositories.into_iter().map(Into::into).collect(),
    }))
}
