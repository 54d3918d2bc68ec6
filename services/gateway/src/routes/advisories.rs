//! The advisories in use.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use scanyard_store::Revision;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::state::{Gateway, LoadedAdvisories};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(get_advisories))
}

/// The advisories that images are matched with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Advisories)]
struct AdvisoriesView {
    /// The revision in use; null while there is none, and nothing can be matched.
    in_use: Option<RevisionView>,
    /// Records by ecosystem; null where this process does not hold the revision in use.
    records: Option<BTreeMap<String, u64>>,
}

/// A revision of the advisories.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revision)]
struct RevisionView {
    /// Digest of the compiled database.
    revision: String,
    /// Its place in the order of use, from 1.
    sequence: i64,
    /// When the newest record in it last changed.
    date: Option<DateTime<Utc>>,
    /// Seconds since then.
    age_seconds: Option<i64>,
    /// When it was put to use.
    activated_at: DateTime<Utc>,
}

impl RevisionView {
    fn new(revision: &Revision, now: DateTime<Utc>) -> Self {
        let age = |date: DateTime<Utc>| (now - date).num_seconds().max(0);
        Self {
            revision: revision.digest.to_string(),
            sequence: revision.sequence,
            date: revision.date,
            age_seconds: revision.date.map(age),
            activated_at: revision.activated_at,
        }
    }
}

fn records_of(loaded: &LoadedAdvisories, revision: &Revision) -> Option<BTreeMap<String, u64>> {
    (loaded.revision == revision.digest).then(|| loaded.records.iter().cloned().collect())
}

problems!(AdvisoryProblems:);

/// Look at the advisories in use.
#[utoipa::path(get, path = "/v1/advisories", tag = "advisories",
    responses((status = 200, description = "The advisories.", body = AdvisoriesView), AdvisoryProblems))]
async fn get_advisories(
    State(gateway): State<Gateway>,
    _: Principal,
) -> Result<Json<AdvisoriesView>, Problem> {
    let revision = gateway.store().current_revision().await?;
    let records = revision
        .as_ref()
        .and_then(|revision| records_of(gateway.advisories()?.as_ref(), revision));
    Ok(Json(AdvisoriesView {
        in_use: revision.map(|revision| RevisionView::new(&revision, Utc::now())),
        records,
    }))
}
