//! Pieces of listings of a registry that pages and fails.

use scanyard_oci::CredentialFiles;
use scanyard_store::{BulkId, RegistrySelection, TenantId};
use scanyard_testkit::{FakeRegistry, Fault, Image, Layer};
use uuid::Uuid;

use super::*;

fn options() -> RegistryOptions {
    RegistryOptions {
        credential_files: CredentialFiles::none(),
        retries: 0,
        ..RegistryOptions::default()
    }
}

async fn registry(tags: &[(&str, &[&str])]) -> FakeRegistry {
    let registry = FakeRegistry::start().await;
    let image = Image::new(vec![Layer::gzip(&[("a", "b")])]);
    for (repository, tags) in tags {
        for tag in *tags {
            registry.push_manifest(repository, tag, &image.media_type(), image.manifest());
        }
    }
    registry
}

fn listing(registry: &FakeRegistry, repositories: &str) -> Listing {
    Listing {
        tenant: TenantId::DEFAULT,
        bulk: BulkId(Uuid::nil()),
        selection: RegistrySelection {
            registry: registry.address(),
            repositories: repositories.to_owned(),
            tags: None,
            newest: None,
        },
        platform: Some("linux/amd64".to_owned()),
        cursor: None,
        tries: 0,
    }
}

/// References without the registry.
fn names(registry: &FakeRegistry, listed: &Listed) -> Vec<String> {
    let prefix = format!("{}/", registry.address());
    let references = listed.references.iter();
    references
        .map(|item| item.reference.strip_prefix(&prefix).unwrap().to_owned())
        .collect()
}

/// Every piece to the end, as the scheduler takes them.
async fn list_all(registry: &FakeRegistry, mut listing: Listing) -> (Vec<String>, Listed, usize) {
    let (mut found, mut pieces) = (Vec::new(), 0);
    loop {
        let listed = list_piece(&listing, &options()).await;
        pieces += 1;
        found.extend(names(registry, &listed));
        match &listed.next {
            ListingStep::Continue(cursor) => listing.cursor = Some(cursor.clone()),
            ListingStep::TryAgain(_) => listing.tries += 1,
            ListingStep::Complete | ListingStep::Fail(_) => return (found, listed, pieces),
        }
    }
}

#[tokio::test]
async fn repositories_and_tags_are_selected_by_pattern() {
    let registry = registry(&[
        ("other/app", &["1"]),
        ("team/app", &["1.9", "1.10", "latest"]),
        ("team/web", &["1.1", "2.0"]),
    ])
    .await;
    let mut wanted = listing(&registry, "team/*");
    wanted.selection.tags = Some("1.*".to_owned());
    let (found, last, _) = list_all(&registry, wanted.clone()).await;
    assert_eq!(found, ["team/app:1.10", "team/app:1.9", "team/web:1.1"]);
    assert_eq!(last.references[0].platform.as_deref(), Some("linux/amd64"));
    wanted.selection.tags = None;
    wanted.selection.newest = Some(1);
    let (found, _, _) = list_all(&registry, wanted).await;
    assert_eq!(found, ["team/app:1.10", "team/web:2.0"]);
}

#[tokio::test]
async fn a_listing_goes_on_from_piece_to_piece() {
    let many: Vec<String> = (0..4500).map(|number| format!("{number:04}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let registry = registry(&[("a", &["1"]), ("b", &many), ("c", &["1"])]).await;
    for number in 0..200 {
        let image = Image::new(vec![Layer::gzip(&[("a", "b")])]);
        let name = format!("d/{number:03}");
        registry.push_manifest(&name, "1", &image.media_type(), image.manifest());
    }
    let (found, last, pieces) = list_all(&registry, listing(&registry, "**")).await;
    assert_eq!(last.next, ListingStep::Complete);
    assert_eq!(found.len(), 4702);
    let distinct: std::collections::HashSet<_> = found.iter().collect();
    assert_eq!(distinct.len(), 4702);
    assert!(pieces >= 5, "{pieces}");
}

#[tokio::test]
async fn what_fails_for_a_while_is_tried_again_and_nothing_is_lost() {
    let registry = registry(&[("a", &["1"]), ("b", &["1"]), ("c", &["1"])]).await;
    registry.fail("/v2/b/tags", Fault::Status(503, None), 2);
    registry.fail("_catalog", Fault::Status(503, None), 1);
    let first = list_piece(&listing(&registry, "*"), &options()).await;
    assert!(matches!(first.next, ListingStep::TryAgain(_)), "{first:?}");
    let (found, last, _) = list_all(&registry, listing(&registry, "*")).await;
    assert_eq!(found, ["a:1", "b:1", "c:1"]);
    assert_eq!(
        (last.next, last.rejections.count),
        (ListingStep::Complete, 0)
    );
}

#[tokio::test]
async fn a_repository_that_cannot_be_listed_is_reported_and_passed_over() {
    let registry = registry(&[("a", &["1"]), ("b", &["1"]), ("c", &["1"])]).await;
    registry.fail("/v2/a/tags", Fault::Status(403, None), 1);
    registry.fail("/v2/b/tags", Fault::Status(503, None), 100);
    let (found, last, _) = list_all(&registry, listing(&registry, "*")).await;
    assert_eq!(found, ["c:1"]);
    assert_eq!(last.next, ListingStep::Complete);
    let denied = list_piece(&listing(&registry, "a"), &options()).await;
    assert_eq!(denied.rejections.count, 0, "it may be listed now");
}

#[tokio::test]
async fn a_registry_without_catalog_fails_the_listing() {
    let registry = FakeRegistry::start().await;
    registry.fail("_catalog", Fault::Status(404, None), 1);
    let listed = list_piece(&listing(&registry, "*"), &options()).await;
    let ListingStep::Fail(failure) = listed.next else {
        panic!("{listed:?}");
    };
    assert_eq!(failure.code, "catalog_unsupported");
    assert!(!failure.retryable);
}
