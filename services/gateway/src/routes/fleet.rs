//! The fleet as a whole.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use scanyard_store::Selection;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::export::{ListFormat, export};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::selecting::{NoParameters, Selecting, SelectionParameters};
use crate::state::Gateway;
use crate::view::{
    ChangeSummaryView, FixPlanView, FleetSummaryView, ImageView, Listing, PageParameters,
    RankingView,
};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(summarize_fleet))
        .routes(routes!(list_top_vulnerabilities))
        .routes(routes!(list_worst_images))
        .routes(routes!(list_changes))
        .routes(routes!(plan_fixes))
}

problems!(QueryProblems: InvalidQuery);

/// Count your images and their findings.
///
/// Bounds on findings are left aside: the counts are of all findings of the selected images.
#[utoipa::path(get, path = "/v1/fleet/summary", tag = "fleet", params(SelectionParameters),
    responses((status = 200, description = "The numbers.", body = FleetSummaryView), QueryProblems))]
async fn summarize_fleet(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting {
        selection,
        own: NoParameters {},
    }: Selecting<NoParameters>,
) -> Result<Json<FleetSummaryView>, Problem> {
    let summary = gateway
        .store()
        .summarize_fleet(principal.tenant, &selection)
        .await?;
    Ok(Json(FleetSummaryView::new(summary, selection.as_of)))
}

/// How many to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LimitParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
}

fn limit_of(limit: Option<u32>) -> Result<u32, Problem> {
    let page = PageParameters {
        limit,
        cursor: None,
    };
    Ok(page.request()?.limit)
}

/// List the vulnerabilities that most of your images have.
///
/// In a large fleet the images are counted in a sample, and the counts say so.
#[utoipa::path(get, path = "/v1/vulnerabilities", tag = "vulnerabilities",
    params(LimitParameters, SelectionParameters),
    responses((status = 200, description = "The vulnerabilities.", body = RankingView), QueryProblems))]
async fn list_top_vulnerabilities(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting { selection, own }: Selecting<LimitParameters>,
) -> Result<Json<RankingView>, Problem> {
    let limit = limit_of(own.limit)?;
    let ranking = gateway
        .store()
        .top_vulnerabilities(principal.tenant, &selection, limit)
        .await?;
    Ok(Json(ranking.into()))
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

/// List your images, those with most critical findings first, then high, medium and low ones.
///
/// The order is that of all findings: bounds on findings are refused.
#[utoipa::path(get, path = "/v1/fleet/worst-images", tag = "fleet",
    params(ListParameters, SelectionParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<ImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_worst_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Selecting { selection, own }: Selecting<ListParameters>,
) -> Result<Response, Problem> {
    if !selection.findings.is_everything() {
        return Err(Problem::new(
            Code::InvalidQuery,
            "The order is that of all findings; bounds on findings have no place in it.",
        ));
    }
    let tenant = principal.tenant;
    let format = ListFormat::choose(own.format, &headers);
    if format != ListFormat::Json {
        let reader = gateway.clone();
        let read = move |page| {
            let (gateway, selection) = (reader.clone(), selection.clone());
            Box::pin(async move {
                let images = gateway.store().worst_images(tenant, &selection, &page);
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
        .worst_images(tenant, &selection, &page)
        .await?;
    Ok(Listing::new(page, ImageView::from).answer(&uri))
}

/// Since when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangeParameters {
    /// What changed after this moment, RFC 3339.
    #[param(example = "2026-01-31T00:00:00Z")]
    since: DateTime<Utc>,
    /// Vulnerabilities at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
}

/// Summarize what new advisories changed about your images since a moment.
///
/// Images that came later are left out: to them nothing of it is new. Bounds on findings are left
/// aside.
#[utoipa::path(get, path = "/v1/fleet/changes", tag = "fleet",
    params(ChangeParameters, SelectionParameters),
    responses((status = 200, description = "What changed.", body = ChangeSummaryView), QueryProblems))]
async fn list_changes(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting { selection, own }: Selecting<ChangeParameters>,
) -> Result<Json<ChangeSummaryView>, Problem> {
    let selection = Selection {
        as_of: None,
        ..selection
    };
    let limit = limit_of(own.limit)?;
    let summary = gateway
        .store()
        .changes_since(principal.tenant, own.since, &selection, limit)
        .await?;
    Ok(Json(ChangeSummaryView::new(summary, own.since)))
}

/// Find the few upgrades that remove most findings of the selected images.
///
/// An upgrade is of a package, wherever it is, or of a base image whose tag names another image now.
/// In a large fleet the effects are estimated from a sample, and the numbers say so.
#[utoipa::path(get, path = "/v1/fleet/fix-plan", tag = "fleet",
    params(LimitParameters, SelectionParameters),
    responses((status = 200, description = "The plan.", body = FixPlanView), QueryProblems))]
async fn plan_fixes(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting { selection, own }: Selecting<LimitParameters>,
) -> Result<Json<FixPlanView>, Problem> {
    let limit = limit_of(own.limit)?;
    let plan = gateway
        .store()
        .fix_plan(principal.tenant, &selection, limit)
        .await?;
    Ok(Json(plan.into()))
}
