//! Images and what is in them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use scanyard_package::{Digest, Severity};
use scanyard_report as report;
use scanyard_store::ImageDetail;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::etag;
use crate::export::{ListFormat, export};
use crate::extract::{InPath, Parameters};
use crate::image_report::{build_report, find_image, image_not_found};
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::selecting::{Selecting, SelectionParameters};
use crate::state::Gateway;
use crate::view::{ImageView, LayerView, Listing, PageParameters, SeverityView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_images))
        .routes(routes!(get_image, let_go_of_image))
        .routes(routes!(list_layers))
        .routes(routes!(list_findings))
        .routes(routes!(list_packages))
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

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List images, those seen last first. With bounds on findings, those that have such a finding.
#[utoipa::path(get, path = "/v1/images", tag = "images",
    params(ListParameters, SelectionParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<ImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Selecting { selection, own }: Selecting<ListParameters>,
) -> Result<Response, Problem> {
    let tenant = principal.tenant;
    let format = ListFormat::choose(own.format, &headers);
    if format != ListFormat::Json {
        let reader = gateway.clone();
        let read = move |page| {
            let (gateway, selection) = (reader.clone(), selection.clone());
            Box::pin(async move {
                let images = gateway.store().select_images(tenant, &selection, &page);
                Ok(images.await?.map(ImageView::from))
            }) as _
        };
        return export(&gateway, format, own.cursor, read).await;
    }
    let page = PageParameters {
        limit: own.limit,
        cursor: own.cursor,
    };
    let page = page.request()?;
    let page = gateway
        .store()
        .select_images(tenant, &selection, &page)
        .await?;
    Ok(Listing::new(page, ImageView::from).answer(&uri))
}

/// An image with what its manifest and config say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageDetail)]
struct ImageDetailView {
    #[serde(flatten)]
    image: ImageView,
    /// Digest of its config.
    config_digest: String,
    /// When it was built, as the builder wrote it.
    created: Option<String>,
    /// Its labels.
    labels: BTreeMap<String, String>,
    /// Its layers, bottom first.
    layers: Vec<LayerView>,
}

impl From<ImageDetail> for ImageDetailView {
    fn from(detail: ImageDetail) -> Self {
        Self {
            image: detail.summary.into(),
            config_digest: detail.config_digest.to_string(),
            created: detail.created,
            labels: detail.labels,
            layers: detail.layers.into_iter().map(Into::into).collect(),
        }
    }
}

problems!(OneProblems: InvalidDigest, ImageNotFound);

/// Look at an image.
#[utoipa::path(get, path = "/v1/images/{digest}", tag = "images",
    params(("digest" = String, Path, description = "Digest of its manifest.")),
    responses((status = 200, description = "The image.", body = ImageDetailView), OneProblems))]
async fn get_image(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
) -> Result<Json<ImageDetailView>, Problem> {
    let image = find_image(&gateway, principal.tenant, digest).await?;
    Ok(Json(image.into()))
}

/// Let go of an image: it is in no repository of yours and in no answer about now, until somebody
/// submits it again. Answers about the past still know it, for as long as retention keeps it.
#[utoipa::path(delete, path = "/v1/images/{digest}", tag = "images",
    params(("digest" = String, Path, description = "Digest of its manifest.")),
    responses((status = 204, description = "It is gone."), OneProblems))]
async fn let_go_of_image(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
) -> Result<StatusCode, Problem> {
    let store = gateway.store();
    if store.let_go_of_image(principal.tenant, digest).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(image_not_found())
    }
}

/// All of an image's layers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LayerList)]
struct LayerList {
    /// The layers, bottom first.
    items: Vec<LayerView>,
}

/// List an image's layers, bottom first.
#[utoipa::path(get, path = "/v1/images/{digest}/layers", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest.")),
    responses((status = 200, description = "The layers.", body = LayerList), OneProblems))]
async fn list_layers(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
) -> Result<Json<LayerList>, Problem> {
    let image = find_image(&gateway, principal.tenant, digest).await?;
    Ok(Json(LayerList {
        items: image.layers.into_iter().map(Into::into).collect(),
    }))
}

/// An image's findings, with what they are worth.
#[derive(Debug, Serialize, ToSchema)]
struct FindingList {
    /// The advisories matched against; null where there were none.
    advisories: Option<report::Advisories>,
    /// Counts over all findings of the image, and whether everything was assessed.
    summary: report::Summary,
    /// What could not be assessed.
    coverage: Vec<report::Coverage>,
    /// The findings, worst first.
    items: Vec<report::Finding>,
}

/// Which findings to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FindingParameters {
    /// Only findings at least this severe. Summary and coverage stay whole.
    #[param(inline)]
    min_severity: Option<SeverityView>,
}

problems!(ContentProblems: InvalidDigest, InvalidQuery, ImageNotFound, NotReady);

/// List an image's findings, the worst first.
#[utoipa::path(get, path = "/v1/images/{digest}/findings", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest."), FindingParameters),
    responses((status = 200, description = "The findings.", body = FindingList), ContentProblems))]
async fn list_findings(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
    Parameters(parameters): Parameters<FindingParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = build_report(&gateway, principal.tenant, digest).await?;
    let floor = parameters
        .min_severity
        .map_or(Severity::Unknown, Into::into);
    let mut items = report.findings;
    items.retain(|finding| finding.severity >= floor);
    answer_json(
        &headers,
        &FindingList {
            advisories: report.advisories,
            summary: report.summary,
            coverage: report.coverage,
            items,
        },
    )
}

/// An image's packages.
#[derive(Debug, Serialize, ToSchema)]
struct PackageList {
    /// The distro; null where the image does not say.
    distro: Option<report::Distro>,
    /// What could not be assessed.
    coverage: Vec<report::Coverage>,
    /// The packages.
    items: Vec<report::Package>,
}

/// List an image's packages, each with its layer and paths.
#[utoipa::path(get, path = "/v1/images/{digest}/packages", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest.")),
    responses((status = 200, description = "The packages.", body = PackageList), ContentProblems))]
async fn list_packages(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = build_report(&gateway, principal.tenant, digest).await?;
    answer_json(
        &headers,
        &PackageList {
            distro: report.distro,
            coverage: report.coverage,
            items: report.packages,
        },
    )
}

fn answer_json(headers: &HeaderMap, body: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok(etag::answer(headers, "application/json", bytes))
}
