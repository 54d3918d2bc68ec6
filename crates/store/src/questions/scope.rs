//! A selection, resolved to what rows hold.

use chrono::{DateTime, Utc};

use super::Facts;
use crate::error::Result;
use crate::{ImageBounds, LabelBound, Selection, TenantId};
use scanyard_package::matches_name;

/// When something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It holds.
    Now,
    /// It held at a revision; of a package that was first matched later, at that one.
    Then { revision: i64 },
}

impl Moment {
    /// A revision that is not before any match which holds.
    pub(crate) fn revision(self) -> i64 {
        match self {
            Moment::Now => i64::MAX,
            Moment::Then { revision } => revision,
        }
    }
}

/// Which of a tenant's images are meant.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) tenant: TenantId,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) moment: Moment,
    /// Reached in any of these.
    pub(crate) repositories: Option<Vec<i64>>,
    /// Of any of these.
    pub(crate) distros: Option<Vec<i64>>,
    /// What the labels' text contains.
    pub(crate) label: Option<String>,
    pub(crate) first_seen_from: Option<DateTime<Utc>>,
    pub(crate) last_seen_from: Option<DateTime<Utc>>,
    pub(crate) last_seen_before: Option<DateTime<Utc>>,
    /// Named by no tag.
    pub(crate) is_untagged: bool,
    /// Whether all of the tenant's images are meant, as they are now.
    pub(crate) is_everything: bool,
}

/// Looks up what a selection names.
pub(crate) async fn resolve(
    facts: &mut impl Facts,
    tenant: TenantId,
    selection: &Selection,
) -> Result<Scope> {
    let bounds = &selection.images;
    let moment = moment_of(facts, selection.as_of).await?;
    Ok(Scope {
        tenant,
        at: selection.as_of,
        moment,
        repositories: match &bounds.repository {
            Some(pattern) => Some(find_repositories(facts, tenant, pattern).await?),
            None => None,
        },
        distros: match &bounds.distro {
            Some(name) => Some(find_distros(facts, name).await?),
            None => None,
        },
        label: bounds.label.as_ref().map(label_text),
        first_seen_from: bounds.first_seen_from,
        last_seen_from: bounds.last_seen_from,
        last_seen_before: bounds.last_seen_before,
        is_untagged: bounds.is_untagged,
        is_everything: selection.as_of.is_none() && *bounds == ImageBounds::default(),
    })
}

/// What held at a moment: what was processed by then.
pub(super) async fn moment_of(facts: &mut impl Facts, at: Option<DateTime<Utc>>) -> Result<Moment> {
    Ok(match at {
        Some(at) => Moment::Then {
            revision: facts.revision_at(at).await?,
        },
        None => Moment::Now,
    })
}

async fn find_repositories(
    facts: &mut impl Facts,
    tenant: TenantId,
    pattern: &str,
) -> Result<Vec<i64>> {
    let prefix = pattern.split(['*', '?']).next().unwrap_or_default();
    let repositories = facts.repositories(tenant, prefix).await?;
    let described = repositories
        .into_iter()
        .filter(|(_, name)| matches_name(pattern, name));
    Ok(described.map(|(id, _)| id).collect())
}

/// By `ID`, or by `ID` and `VERSION_ID` with a hyphen between.
async fn find_distros(facts: &mut impl Facts, name: &str) -> Result<Vec<i64>> {
    let is_named = |os_id: &str, version: &str| {
        let rest = name.strip_prefix(os_id);
        rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-') == Some(version))
    };
    let distros = facts.distros().await?;
    let named = distros
        .into_iter()
        .filter(|(_, os_id, version)| is_named(os_id, version));
    Ok(named.map(|(id, ..)| id).collect())
}

/// How a label stands among the stored labels, which are JSON without spaces.
fn label_text(label: &LabelBound) -> String {
    let name = serde_json::Value::from(label.name.as_str());
    match &label.value {
        Some(value) => format!("{name}:{}", serde_json::Value::from(value.as_str())),
        None => format!("{name}:\""),
    }
}
