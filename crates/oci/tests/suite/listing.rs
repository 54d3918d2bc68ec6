//! Repositories and tags, page by page.

use scanyard_oci::{
    NamePage, OciError, Reference, RegistryHost, RegistryOptions, list_repositories, list_tags,
};
use scanyard_testkit::{Access, FakeRegistry, Fault};

use crate::support::{login, options, small_image};

fn host(registry: &FakeRegistry) -> RegistryHost {
    registry.address().parse().unwrap()
}

async fn every_page(
    mut page: impl AsyncFnMut(Option<String>) -> Result<NamePage, OciError>,
) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let NamePage { names, next } = page(cursor).await.unwrap();
        pages.push(names);
        cursor = next;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn every_repository_and_tag_is_listed_once_over_pages() {
    let registry = FakeRegistry::start().await;
    let image = small_image();
    for number in 0..205 {
        registry.push(&format!("team/app-{number:03}"), "1", &image);
    }
    for number in 0..1001 {
        let (tag, kind) = (format!("v{number:04}"), image.media_type());
        registry.push_manifest("team/app-000", &tag, &kind, image.manifest());
    }
    let (host, options) = (host(&registry), options());
    let page =
        async |cursor: Option<String>| list_repositories(&host, cursor.as_deref(), &options).await;
    let pages = every_page(page).await;
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 5]);
    assert_eq!(pages[2][4], "team/app-204");
    let repository: Reference = registry.reference("team/app-000", "1").parse().unwrap();
    let page =
        async |cursor: Option<String>| list_tags(&repository, cursor.as_deref(), &options).await;
    let sizes: Vec<_> = every_page(page).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1000, 2]);
}

#[tokio::test]
async fn a_list_needs_the_same_credentials_as_a_pull() {
    let registry =
        FakeRegistry::with_access(Access::UserToken("ann".into(), "secret".into())).await;
    registry.push("team/app", "1", &small_image());
    let host = host(&registry);
    let listed = list_repositories(&host, None, &login("ann", "secret")).await;
    assert_eq!(listed.unwrap().names, ["team/app"]);
    let denied = list_repositories(&host, None, &options()).await;
    assert!(matches!(denied, Err(OciError::Denied { .. })), "{denied:?}");
}

#[tokio::test]
async fn a_registry_without_catalog_says_so() {
    for status in [404, 405] {
        let registry = FakeRegistry::start().await;
        registry.fail("_catalog", Fault::Status(status, None), 1);
        let refused = list_repositories(&host(&registry), None, &options()).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "catalog_unsupported");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_list_is_tried_again_and_bounded() {
    let registry = FakeRegistry::start().await;
    registry.push("team/app", "1", &small_image());
    registry.fail("_catalog", Fault::Status(503, None), 2);
    registry.fail("_catalog", Fault::Endless, 1);
    let (host, options) = (host(&registry), options());
    let list = async |options: &RegistryOptions| list_repositories(&host, None, options).await;
    let endless = list(&options).await;
    assert!(
        matches!(endless, Err(OciError::Limit { .. })),
        "{endless:?}"
    );
    assert_eq!(list(&options).await.unwrap().names, ["team/app"]);
}

#[tokio::test]
async fn a_repository_that_is_not_there_has_no_tags() {
    let registry = FakeRegistry::start().await;
    let repository: Reference = registry.reference("team/none", "1").parse().unwrap();
    let missing = list_tags(&repository, None, &options()).await;
    assert!(matches!(missing, Err(OciError::NotFound(_))), "{missing:?}");
}

#[test]
fn a_registry_is_what_references_take_for_one() {
    let read = |text: &str| text.parse::<RegistryHost>().map(|host| host.to_string());
    assert_eq!(read("registry.test:5000").unwrap(), "registry.test:5000");
    assert_eq!(read("index.docker.io").unwrap(), "docker.io");
    assert_eq!(read("localhost").unwrap(), "localhost");
    for wrong in [
        "",
        "registry",
        "https://r.test",
        "r.test/app",
        "r.test:x",
        "r t.test",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
