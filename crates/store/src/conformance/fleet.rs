//! The fleet from one revision to the next.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_matching::{AdvisoryKey, Finding};
use scanyard_package::{Coverage, CoverageKind, Severity};

use super::builder::*;
use super::matches::{activate, finding};
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

fn nothing() -> Concerned {
    Concerned::Changed {
        keys: Vec::new(),
        groups: Vec::new(),
    }
}

fn under(keys: &[i64]) -> Concerned {
    Concerned::Changed {
        keys: keys.iter().copied().map(AdvisoryKey).collect(),
        groups: Vec::new(),
    }
}

/// Packages, with the key that is the first byte of their name.
pub(super) async fn say(
    store: &dyn Store,
    revision: i64,
    ids: &[PackageId],
    findings: impl Fn(&str) -> Vec<Finding>,
) -> crate::error::Result<()> {
    let packages = store.packages(ids).await?;
    let matched: Vec<_> = packages
        .iter()
        .map(|stored| MatchedPackage {
            id: stored.id,
            findings: findings(&stored.package.name),
            coverage: Vec::new(),
            keys: vec![AdvisoryKey(i64::from(stored.package.name.as_bytes()[0]))],
        })
        .collect();
    store.save_matches(revision, &matched).await
}

async fn counts(store: &dyn Store, image: u64) -> (Option<i64>, [u32; 6], Option<u32>) {
    let image = store.image(TenantId::DEFAULT, digest(image)).await;
    let summary = image.unwrap().unwrap().summary;
    let affected = summary.counts.unwrap_or_default().affected;
    (summary.revision, affected, summary.coverage_gaps)
}

/// Two images: the first of a and b, the second of b and c. At the first revision every package is
/// highly affected by X, and the fleet is there.
pub(super) async fn fleet_of_two(store: &dyn Store) -> i64 {
    for (image, names) in [(1, ["a", "b"]), (2, ["b", "c"])] {
        let set = package_set(49 + 2 * image, &names);
        assembled_image(store, TenantId::DEFAULT, image, &set).await;
    }
    let first = activate(store, 901).await;
    let ids = store.concerned_packages(first, &Concerned::All).await;
    let high = |_: &str| vec![finding("X", Severity::High)];
    say(store, first, &ids.unwrap(), high).await.unwrap();
    let completed = store.complete_revision(first, &Concerned::All).await;
    assert_eq!(completed.unwrap(), Some(Completed::default()), "no news");
    assert_eq!(store.refresh_summaries(None, first, 10).await.unwrap(), 2);
    assert_eq!(store.fleet_revision().await.unwrap(), first);
    first
}

pub async fn a_revision_touches_what_it_concerns_and_holds_for_the_rest(store: Arc<dyn Store>) {
    let first = fleet_of_two(&*store).await;
    let second = activate(&*store, 902).await;
    let concerned = under(&[i64::from(b'a')]);
    let ids = store.concerned_packages(second, &concerned).await.unwrap();
    assert_eq!(ids.len(), 1);
    let unfinished = store.complete_revision(second, &concerned).await.unwrap();
    assert_eq!(unfinished, None, "one package is not matched");
    assert_eq!(counts(&*store, 1).await.0, Some(first));
    let two = |_: &str| {
        vec![
            finding("X", Severity::Critical),
            finding("Y", Severity::Low),
        ]
    };
    say(&*store, second, &ids, two).await.unwrap();
    let completed = store.complete_revision(second, &concerned).await.unwrap();
    let expected = Completed {
        changes: 2,
        summaries: 1,
    };
    assert_eq!(completed, Some(expected));
    let again = store.complete_revision(second, &concerned).await.unwrap();
    assert_eq!(again, Some(Completed::default()));
    assert_eq!(
        counts(&*store, 1).await,
        (Some(second), [1, 1, 0, 1, 0, 0], Some(0))
    );
    assert_eq!(
        counts(&*store, 2).await,
        (Some(second), [0, 2, 0, 0, 0, 0], Some(0))
    );
    let unmatched = store.unmatched_packages(package_set(53, &["b", "c"]).digest, second, 10);
    assert_eq!(unmatched.await.unwrap(), []);

    // b was not matched at the second revision, so its change spans both.
    let third = activate(&*store, 903).await;
    let concerned = under(&[i64::from(b'b')]);
    let ids = store.concerned_packages(third, &concerned).await.unwrap();
    say(&*store, third, &ids, |_| Vec::new()).await.unwrap();
    let completed = store.complete_revision(third, &concerned).await.unwrap();
    let expected = Completed {
        changes: 1,
        summaries: 2,
    };
    assert_eq!(completed, Some(expected));
    assert_eq!(counts(&*store, 1).await.1, [1, 0, 0, 1, 0, 0]);
    assert_eq!(counts(&*store, 2).await.1, [0, 1, 0, 0, 0, 0]);
}

pub async fn what_the_fleet_is_past_is_not_taken(store: Arc<dyn Store>) {
    let first = fleet_of_two(&*store).await;
    let second = activate(&*store, 902).await;
    let completed = store.complete_revision(second, &nothing()).await.unwrap();
    assert_eq!(completed, Some(Completed::default()));
    let set = package_set(55, &["d"]);
    assembled_image(&*store, TenantId::DEFAULT, 3, &set).await;
    let ids = store.concerned_packages(second, &nothing()).await.unwrap();
    assert_eq!(ids.len(), 1, "what was never matched is left");
    let late = say(&*store, first, &ids, |_| Vec::new()).await;
    assert!(matches!(late, Err(StoreError::Superseded { at }) if at == second));
    let late = store.refresh_summaries(None, first, 10).await;
    assert!(matches!(late, Err(StoreError::Superseded { .. })));
    let high = |_: &str| vec![finding("X", Severity::High)];
    say(&*store, second, &ids, high).await.unwrap();
    assert_eq!(store.refresh_summaries(None, second, 10).await.unwrap(), 1);
    assert_eq!(counts(&*store, 3).await.1, [0, 1, 0, 0, 0, 0]);
}

pub async fn what_workers_matched_on_the_way_is_matched_again(store: Arc<dyn Store>) {
    fleet_of_two(&*store).await;
    let second = activate(&*store, 902).await;
    // A worker assembles at the second revision, which the fleet never gets to.
    let set = package_set(51, &["a", "b"]);
    let unmatched = store.unmatched_packages(set.digest, second, 10).await;
    let ids: Vec<_> = unmatched.unwrap().iter().map(|stored| stored.id).collect();
    assert_eq!(ids.len(), 2, "the fleet is behind");
    let low = |_: &str| vec![finding("Z", Severity::Low)];
    say(&*store, second, &ids, low).await.unwrap();
    let refreshed = store.refresh_summaries(Some(set.digest), second, 1).await;
    assert_eq!(refreshed.unwrap(), 1);
    assert_eq!(counts(&*store, 1).await.1, [0, 0, 0, 2, 0, 0]);
    assert_eq!(counts(&*store, 2).await.1, [0, 2, 0, 0, 0, 0]);

    let third = activate(&*store, 903).await;
    let ids = store.concerned_packages(third, &nothing()).await.unwrap();
    assert_eq!(ids.len(), 2, "they hold for the second only");
    let high = |_: &str| vec![finding("X", Severity::High)];
    say(&*store, third, &ids[..1], high).await.unwrap();
    let unfinished = store.complete_revision(third, &nothing()).await.unwrap();
    assert_eq!(unfinished, None);
    say(&*store, third, &ids, high).await.unwrap();
    let completed = store.complete_revision(third, &nothing()).await.unwrap();
    assert_eq!(completed.unwrap().changes, 0, "nothing changed in the end");
    assert_eq!(counts(&*store, 1).await.1, [0, 2, 0, 0, 0, 0]);
    assert_eq!(counts(&*store, 2).await.1, [0, 2, 0, 0, 0, 0]);
}

pub async fn gaps_come_and_go_with_revisions(store: Arc<dyn Store>) {
    fleet_of_two(&*store).await;
    let groups = store.package_groups().await.unwrap();
    assert_eq!(groups.len(), 1);
    let distro = groups[0].distro.as_ref().map(|(id, _)| *id);
    let concerned = Concerned::Changed {
        keys: Vec::new(),
        groups: vec![(groups[0].kind, distro)],
    };
    let gap = Coverage::new(CoverageKind::UnsupportedDistro, "debian-12", "nothing");
    for (number, coverage) in [
        (902, vec![gap.clone()]),
        (903, vec![gap.clone()]),
        (904, vec![]),
    ] {
        let revision = activate(&*store, number).await;
        let ids = store
            .concerned_packages(revision, &concerned)
            .await
            .unwrap();
        assert_eq!(ids.len(), 3);
        let matched: Vec<_> = ids
            .into_iter()
            .map(|id| MatchedPackage {
                id,
                findings: Vec::new(),
                coverage: coverage.clone(),
                keys: Vec::new(),
            })
            .collect();
        store.save_matches(revision, &matched).await.unwrap();
        store.save_matches(revision, &matched).await.unwrap();
        let completed = store.complete_revision(revision, &concerned).await;
        let completed = completed.unwrap().unwrap();
        let expected = match number {
            902 => (3, 2),
            903 => (0, 0),
            _ => (0, 2),
        };
        assert_eq!(
            (completed.changes, completed.summaries),
            expected,
            "{number}"
        );
        let gaps = u32::try_from(coverage.len()).unwrap() * 2;
        assert_eq!(counts(&*store, 1).await.2, Some(gaps));
    }
}

pub async fn a_renewed_revision_is_another_one_of_the_same_database(store: Arc<dyn Store>) {
    assert_eq!(store.renew_revision().await.unwrap(), None);
    let first = fleet_of_two(&*store).await;
    let renewed = store.renew_revision().await.unwrap().unwrap();
    assert_eq!((renewed.sequence, renewed.full), (first + 1, true));
    assert_eq!(renewed.digest, digest(901));
    let again = store.renew_revision().await.unwrap();
    assert_eq!(again, Some(renewed.clone()), "it is still to be done");
    assert_eq!(activate(&*store, 901).await, renewed.sequence);
    let ids = store
        .concerned_packages(renewed.sequence, &Concerned::All)
        .await;
    assert_eq!(ids.unwrap().len(), 3);
    assert!(!store.revision(first).await.unwrap().unwrap().full);
}

pub async fn a_rescan_tells_how_far_it_is_and_may_be_cancelled(store: Arc<dyn Store>) {
    let first = fleet_of_two(&*store).await;
    let done = store.rescan(first).await.unwrap().unwrap();
    assert_eq!((done.state, done.full), (RescanState::Done, false));
    assert!(!store.cancel_rescan(first).await.unwrap(), "it is done");
    let second = store.renew_revision().await.unwrap().unwrap().sequence;
    let waiting = store.rescan(second).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.full), (RescanState::Waiting, true));
    assert!(waiting.requested_at.is_some());
    let progress = RescanProgress {
        all: true,
        packages: 3,
        matched: 1,
    };
    assert!(store.note_rescan(second, progress).await.unwrap());
    let running = store.rescan(second).await.unwrap().unwrap();
    assert_eq!(running.state, RescanState::Running);
    assert_eq!((running.packages, running.matched), (3, 1));
    assert!(store.cancel_rescan(second).await.unwrap());
    assert!(!store.cancel_rescan(second).await.unwrap(), "once");
    assert!(!store.note_rescan(second, progress).await.unwrap());
    assert!(!store.revision(second).await.unwrap().unwrap().full);

    let third = activate(&*store, 902).await;
    store.complete_revision(third, &nothing()).await.unwrap();
    let page = PageRequest {
        cursor: None,
        limit: 2,
    };
    let newest = store.rescans(&page).await.unwrap();
    let states: Vec<_> = newest.items.iter().map(|rescan| rescan.state).collect();
    assert_eq!(states, [RescanState::Done, RescanState::PassedOver]);
    let rest = PageRequest {
        cursor: newest.next,
        limit: 2,
    };
    let rest = store.rescans(&rest).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![done], None));
}

pub async fn images_of_another_cataloger_set_are_outdated(store: Arc<dyn Store>) {
    fleet_of_two(&*store).await;
    let page = |cursor| PageRequest { cursor, limit: 1 };
    let tenant = TenantId::DEFAULT;
    let current = store.outdated_images(tenant, &[SET], &page(None)).await;
    assert_eq!(current.unwrap().items, [""; 0]);
    let first = store
        .outdated_images(tenant, &["2"], &page(None))
        .await
        .unwrap();
    let next = store
        .outdated_images(tenant, &["2"], &page(first.next))
        .await;
    let next = next.unwrap();
    assert_eq!(next.next, None);
    let references = [&first.items[0], &next.items[0]];
    let expected = [1, 2].map(|image| format!("registry.test/app@{}", digest(image)));
    assert_eq!(references, [&expected[0], &expected[1]]);
    let other = store
        .outdated_images(other_tenant(), &["2"], &page(None))
        .await;
    assert_eq!(other.unwrap().items, [""; 0]);
}
