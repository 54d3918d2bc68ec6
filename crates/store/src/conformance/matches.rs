//! Package sets, matches over revisions, and questions about them.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_matching::{Cvss, Finding, FixState, Status};
use scanyard_package::{Coverage, CoverageKind, Severity};

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub(super) fn finding(id: &str, severity: Severity) -> Finding {
    Finding {
        id: id.to_owned(),
        aliases: vec![format!("GHSA-{id}")],
        advisory: format!("DSA-{id}"),
        status: Status::Affected,
        reason: "before 2.0".to_owned(),
        severity,
        cvss: Some(Cvss {
            version: "3.1".to_owned(),
            vector: "CVSS:3.1/AV:N".to_owned(),
            score: 7.5,
            source: "DSA".to_owned(),
        }),
        severity_source: Some(format!("DSA-{id}")),
        urgency: None,
        known_exploited: true,
        fix_state: FixState::Fixed,
        fixed_versions: vec!["2.0".to_owned()],
        published: None,
        modified: Some("2024-01-01T00:00:00Z".to_owned()),
    }
}

/// Activates a revision of this number, which must come next.
pub(super) async fn activate(store: &dyn Store, number: u64) -> i64 {
    let revision = store.activate_revision(digest(number), None).await.unwrap();
    revision.sequence
}

/// Matches every package of a set alike.
pub(super) async fn match_set(
    store: &dyn Store,
    set: &PackageSet,
    revision: i64,
    findings: &[Finding],
) {
    let packages = store
        .unmatched_packages(set.digest, revision, 100)
        .await
        .unwrap();
    let matched: Vec<_> = packages
        .iter()
        .map(|package| MatchedPackage {
            id: package.id,
            findings: findings.to_vec(),
            coverage: Vec::new(),
            keys: Vec::new(),
        })
        .collect();
    store.save_matches(revision, &matched).await.unwrap();
    store.save_matches(revision, &matched).await.unwrap();
}

async fn ids(store: &dyn Store, set: &PackageSet) -> Vec<String> {
    let findings = store.findings_of_set(set.digest).await.unwrap();
    findings
        .into_iter()
        .map(|(_, finding)| finding.id)
        .collect()
}

pub async fn matches_hold_from_their_first_revision_to_their_last(store: Arc<dyn Store>) {
    assert_eq!(store.current_revision().await.unwrap(), None);
    let set = package_set(50, &["a"]);
    assembled_image(&*store, TenantId::DEFAULT, 1, &set).await;
    let (x, y) = (finding("X", Severity::High), finding("Y", Severity::Low));
    let first = activate(&*store, 901).await;
    assert_eq!(activate(&*store, 901).await, first);
    match_set(&*store, &set, first, &[x.clone(), y.clone()]).await;
    assert_eq!(ids(&*store, &set).await, ["X", "Y"]);

    let second = activate(&*store, 902).await;
    let changed = finding("X", Severity::Critical);
    match_set(&*store, &set, second, std::slice::from_ref(&changed)).await;
    let now = store.findings_of_set(set.digest).await.unwrap();
    assert_eq!(now, [(set.packages[0].0.clone(), changed)]);

    let third = activate(&*store, 903).await;
    match_set(&*store, &set, third, &[x, y]).await;
    assert_eq!(ids(&*store, &set).await, ["X", "Y"]);
    let current = store.current_revision().await.unwrap().unwrap();
    assert_eq!((current.sequence, current.digest), (3, digest(903)));
}

pub async fn a_late_outcome_of_an_earlier_revision_changes_nothing(store: Arc<dyn Store>) {
    let set = package_set(50, &["a"]);
    assembled_image(&*store, TenantId::DEFAULT, 1, &set).await;
    let first = activate(&*store, 901).await;
    let second = activate(&*store, 902).await;
    let package = store
        .unmatched_packages(set.digest, first, 1)
        .await
        .unwrap()
        .remove(0);
    match_set(&*store, &set, second, &[finding("X", Severity::High)]).await;
    let late = MatchedPackage {
        id: package.id,
        findings: vec![finding("Y", Severity::High)],
        coverage: Vec::new(),
        keys: Vec::new(),
    };
    store
        .save_matches(first, std::slice::from_ref(&late))
        .await
        .unwrap();
    assert_eq!(ids(&*store, &set).await, ["X"]);
    store.save_matches(second, &[late]).await.unwrap();
    assert_eq!(ids(&*store, &set).await, ["Y"], "the same revision again");
    assert!(
        store
            .unmatched_packages(set.digest, second, 1)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn summaries_count_what_holds(store: Arc<dyn Store>) {
    let set = package_set(50, &["a", "b"]);
    let scan = assembled_image(&*store, TenantId::DEFAULT, 1, &set).await;
    let revision = activate(&*store, 901).await;
    let refresh = store
        .refresh_summaries(Some(set.digest), revision, 10)
        .await;
    assert_eq!(refresh.unwrap(), 0, "its packages are not matched");
    assert!(store.finish_scans(digest(1)).await.unwrap().is_empty());
    let mut doubtful = finding("Y", Severity::Critical);
    doubtful.status = Status::Undetermined;
    match_set(
        &*store,
        &set,
        revision,
        &[finding("X", Severity::High), doubtful],
    )
    .await;
    let gap = Coverage::new(CoverageKind::InvalidVersion, "a", "?");
    let packages = store
        .unmatched_packages(set.digest, revision + 1, 1)
        .await
        .unwrap();
    let uncovered = MatchedPackage {
        id: packages[0].id,
        findings: Vec::new(),
        coverage: vec![gap.clone()],
        keys: Vec::new(),
    };
    store.save_matches(revision, &[uncovered]).await.unwrap();
    assert_eq!(
        store.refresh_summaries(None, revision, 10).await.unwrap(),
        1
    );
    assert_eq!(
        store.refresh_summaries(None, revision, 10).await.unwrap(),
        0
    );
    assert_eq!(store.finish_scans(digest(1)).await.unwrap(), [scan]);

    let image = store
        .image(TenantId::DEFAULT, digest(1))
        .await
        .unwrap()
        .unwrap();
    let counts = image.summary.counts.unwrap();
    assert_eq!(
        (counts.of(Severity::High), counts.of(Severity::Critical)),
        (1, 0)
    );
    assert_eq!(counts.undetermined, 1);
    assert_eq!(image.summary.coverage_gaps, Some(1));
    assert_eq!(image.summary.revision, Some(revision));
    assert_eq!(store.coverage_of_set(set.digest).await.unwrap(), [gap]);
    for (severity, count) in [
        (Severity::Critical, 0),
        (Severity::High, 1),
        (Severity::Low, 1),
    ] {
        let filter = ImageFilter {
            repository: None,
            min_severity: Some(severity),
        };
        let page = PageRequest {
            cursor: None,
            limit: 10,
        };
        let images = store
            .images(TenantId::DEFAULT, &filter, &page)
            .await
            .unwrap();
        assert_eq!(images.items.len(), count, "{severity}");
    }
}
