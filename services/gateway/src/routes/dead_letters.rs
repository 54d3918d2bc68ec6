//! Dead letters: work that was given up, to be looked at, tried again or dropped.
//!
//! The queue knows no tenants. A letter is its tenant's whose scan it names; one that names none,
//! because it cannot be read, is the default tenant's, who runs the installation.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use scanyard_protocol::{Job, Stage};
use scanyard_queue::{DeadLetter, DeadLetterFilter};
use scanyard_store::{Page, ScanId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Principal;
use crate::extract::{InPath, Parameters, PlainId};
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{LaneView, Listing, PageParameters};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_dead_letters))
        .routes(routes!(get_dead_letter, drop_dead_letter))
        .routes(routes!(redrive_dead_letter))
}

/// The kinds of job.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Stage)]
enum StageView {
    /// Resolve a scan's reference.
    Image,
    /// Catalog a layer.
    Layer,
}

impl From<StageView> for Stage {
    fn from(stage: StageView) -> Self {
        match stage {
            StageView::Image => Stage::Image,
            StageView::Layer => Stage::Layer,
        }
    }
}

impl From<Stage> for StageView {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Image => StageView::Image,
            Stage::Layer => StageView::Layer,
        }
    }
}

/// Work that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct DeadLetterView {
    /// Its id.
    id: String,
    /// What kind of job it was.
    stage: StageView,
    /// Who waited for it.
    lane: LaneView,
    /// The scan that it worked for; null where the job cannot be read.
    scan_id: Option<Uuid>,
    /// The layer, for jobs of that stage.
    layer: Option<String>,
    /// Why it was given up.
    reason: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was first published.
    published_at: DateTime<Utc>,
    /// When it was given up.
    died_at: DateTime<Utc>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let layer = match Job::decode(&letter.message.payload) {
            Ok(Job::Layer(job)) => Some(job.layer.to_string()),
            _ => None,
        };
        Self {
            scan_id: scan_of(&letter).map(|id| id.0),
            id: letter.id,
            stage: letter.message.stage.into(),
            lane: letter.message.lane.into(),
            layer,
            reason: letter.reason,
            attempts: letter.attempts,
            published_at: letter.published_at,
            died_at: letter.died_at,
        }
    }
}

fn scan_of(letter: &DeadLetter) -> Option<ScanId> {
    match Job::decode(&letter.message.payload).ok()? {
        Job::Image(job) => Some(ScanId(job.scan_id)),
        Job::Layer(job) => Some(ScanId(job.scan_id)),
    }
}

async fn belongs_to(
    gateway: &Gateway,
    tenant: TenantId,
    letter: &DeadLetter,
) -> Result<bool, Problem> {
    match scan_of(letter) {
        Some(scan) => Ok(gateway.store().scan(tenant, scan).await?.is_some()),
        None => Ok(tenant == TenantId::DEFAULT),
    }
}

/// A letter of the tenant.
async fn find_letter(gateway: &Gateway, tenant: TenantId, id: &str) -> Result<DeadLetter, Problem> {
    let letter = gateway.queue().dead_letter(id).await?;
    match letter {
        Some(letter) if belongs_to(gateway, tenant, &letter).await? => Ok(letter),
        _ => Err(not_found()),
    }
}

fn not_found() -> Problem {
    Problem::new(
        Code::DeadLetterNotFound,
        "You have no dead letter of this id.",
    )
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only letters of this stage.
    #[param(inline)]
    stage: Option<StageView>,
    /// Items at most: 1 to 500, 50 if not given. A page can hold fewer and still have a next one.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidQuery, InvalidCursor, QueueUnavailable);

/// List dead letters, the newest first.
#[utoipa::path(get, path = "/v1/dead-letters", tag = "dead letters",
    params(ListParameters),
    responses(
        (status = 200, description = "A page.", body = Listing<DeadLetterView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_dead_letters(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let filter = DeadLetterFilter {
        stage: parameters.stage.map(Into::into),
        after: page.cursor,
        limit: page.limit,
    };
    let letters = gateway.queue().dead_letters(&filter).await?;
    let full = letters.len() >= page.limit as usize;
    let next = letters.last().filter(|_| full).map(|last| last.id.clone());
    let mut items = Vec::new();
    for letter in letters {
        if belongs_to(&gateway, principal.tenant, &letter).await? {
            items.push(letter);
        }
    }
    Ok(Listing::new(Page { items, next }, DeadLetterView::from).answer(&uri))
}

problems!(OneProblems: InvalidId, DeadLetterNotFound, QueueUnavailable);

/// Look at a dead letter.
#[utoipa::path(get, path = "/v1/dead-letters/{id}", tag = "dead letters",
    params(("id" = String, Path, description = "The dead letter.")),
    responses((status = 200, description = "The dead letter.", body = DeadLetterView), OneProblems))]
async fn get_dead_letter(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<Json<DeadLetterView>, Problem> {
    let letter = find_letter(&gateway, principal.tenant, &id).await?;
    Ok(Json(letter.into()))
}

/// Drop a dead letter.
#[utoipa::path(delete, path = "/v1/dead-letters/{id}", tag = "dead letters",
    params(("id" = String, Path, description = "The dead letter.")),
    responses((status = 204, description = "It is gone."), OneProblems))]
async fn drop_dead_letter(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<StatusCode, Problem> {
    find_letter(&gateway, principal.tenant, &id).await?;
    if gateway.queue().drop_dead_letter(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

/// What became of a redriven letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Redriven)]
struct RedrivenView {
    /// The scan that is worked on again; null where the job cannot be read.
    scan_id: Option<Uuid>,
    /// Whether the whole scan, which had failed, was queued again, rather than this one job.
    scan_restarted: bool,
}

/// Try the work of a dead letter again.
///
/// Where it made its scan fail, the scan is queued again and asks for what it still lacks.
#[utoipa::path(post, path = "/v1/dead-letters/{id}/redrive", tag = "dead letters",
    params(("id" = String, Path, description = "The dead letter.")),
    responses((status = 202, description = "It is queued again.", body = RedrivenView), OneProblems))]
async fn redrive_dead_letter(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(PlainId(id)): InPath<PlainId>,
) -> Result<(StatusCode, Json<RedrivenView>), Problem> {
    let letter = find_letter(&gateway, principal.tenant, &id).await?;
    let scan = scan_of(&letter);
    let restarted = match scan {
        Some(scan) => gateway.store().retry_scan(scan).await?,
        None => false,
    };
    // The scan first: a letter that stays behind does no harm, a lost one would.
    let found = if restarted {
        gateway.queue().drop_dead_letter(&id).await?
    } else {
        gateway.queue().redrive(&id).await?
    };
    if !found && !restarted {
        return Err(not_found());
    }
    let view = RedrivenView {
        scan_id: scan.map(|scan| scan.0),
        scan_restarted: restarted,
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
