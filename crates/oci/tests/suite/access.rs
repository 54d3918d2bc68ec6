//! Who may pull, and what is told to whom.

use scanyard_oci::{CredentialFiles, OciError, RegistryOptions};
use scanyard_testkit::{Access, FakeRegistry, Fault};

use crate::support::{assert_is, images, login, open, options, pull, small_image};

async fn registry(access: Access) -> FakeRegistry {
    let registry = FakeRegistry::with_access(access).await;
    registry.push("team/app", "1", &small_image());
    registry
}

fn user_token() -> Access {
    Access::UserToken("ann".into(), "secret".into())
}

#[tokio::test]
async fn an_anonymous_token_is_bought_once_for_all_requests_of_a_session() {
    let registry = registry(Access::AnonymousToken).await;
    let (reference, options) = (registry.reference("team/app", "1"), options());
    assert_is(
        &pull(&reference, &options).await.unwrap()[0],
        &small_image(),
    );
    pull(&reference, &options).await.unwrap();
    assert_eq!(registry.count("/token"), 1);
}

#[tokio::test]
async fn tokens_that_expired_or_were_revoked_are_bought_again() {
    let registry = registry(Access::AnonymousToken).await;
    let (reference, options) = (registry.reference("team/app", "1"), options());
    pull(&reference, &options).await.unwrap();
    registry.revoke_tokens();
    pull(&reference, &options).await.unwrap();
    assert_eq!(registry.count("/token"), 2);
    registry.set_token_seconds(1);
    registry.revoke_tokens();
    // Each request now buys its own: manifest, config and layer.
    pull(&reference, &options).await.unwrap();
    assert!(registry.count("/token") >= 5);
}

#[tokio::test]
async fn a_password_buys_a_token_and_goes_nowhere_else() {
    let registry = registry(user_token()).await;
    pull(
        &registry.reference("team/app", "1"),
        &login("ann", "secret"),
    )
    .await
    .unwrap();
    for request in registry.requests() {
        let shown = request.authorization.unwrap_or_default();
        assert_eq!(
            shown.starts_with("Basic "),
            request.path.starts_with("/token")
        );
    }
}

#[tokio::test]
async fn tokens_are_not_shared_between_users_of_a_session() {
    let registry = registry(user_token()).await;
    let ann = login("ann", "secret");
    pull(&registry.reference("team/app", "1"), &ann)
        .await
        .unwrap();
    let bob = RegistryOptions {
        session: ann.session.clone(),
        ..login("bob", "guess")
    };
    let error = images(&registry.reference("team/app", "1"), &bob)
        .await
        .unwrap_err();
    assert!(matches!(error, OciError::Denied { .. }), "{error}");
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = registry(Access::RefreshToken("identity".into())).await;
    let reference = registry.reference("team/app", "1");
    pull(&reference, &login("<token>", "identity"))
        .await
        .unwrap();
    let error = images(&reference, &login("<token>", "other"))
        .await
        .unwrap_err();
    assert!(matches!(error, OciError::Denied { .. }), "{error}");
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_a_way_out_and_never_shown() {
    for access in [Access::Basic("ann".into(), "secret".into()), user_token()] {
        let registry = registry(access).await;
        let reference = registry.reference("team/app", "1");
        for options in [options(), login("ann", "hunter2")] {
            let error = images(&reference, &options).await.unwrap_err();
            assert_eq!(error.code(), "registry_denied");
            assert!(!error.is_retryable());
            assert!(error.remedy().contains("docker login"));
            assert!(!format!("{error} {error:?} {options:?}").contains("hunter2"));
        }
    }
}

#[tokio::test]
async fn credentials_come_from_dockers_configuration() {
    let registry = registry(Access::Basic("ann".into(), "secret".into())).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    let entry = r#"{"username": "ann", "password": "secret"}"#;
    let config = format!(
        r#"{{"auths": {{"http://{}/v1/": {entry}}}}}"#,
        registry.address()
    );
    std::fs::write(&file, config).unwrap();
    let options = RegistryOptions {
        credential_files: CredentialFiles::at(vec![file]),
        ..options()
    };
    pull(&registry.reference("team/app", "1"), &options)
        .await
        .unwrap();
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let elsewhere = FakeRegistry::start().await;
    elsewhere.push("team/app", "1", &small_image());
    for access in [Access::Basic("ann".into(), "secret".into()), user_token()] {
        let registry = registry(access).await;
        let to = format!("http://{}", elsewhere.address());
        registry.fail("/blobs/", Fault::Redirect(to), 2);
        let reference = registry.reference("team/app", "1");
        let pulled = pull(&reference, &login("ann", "secret")).await.unwrap();
        assert_is(&pulled[0], &small_image());
    }
    assert!(elsewhere.count("/blobs/") >= 4);
    assert!(
        elsewhere
            .requests()
            .iter()
            .all(|r| r.authorization.is_none())
    );
}

#[tokio::test]
async fn redirects_in_circles_end() {
    let registry = registry(Access::Open).await;
    let to = format!("http://{}", registry.address());
    registry.fail("/manifests/", Fault::Redirect(to), usize::MAX);
    let error = images(&registry.reference("team/app", "1"), &options())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "registry_unexpected", "{error}");
}

#[tokio::test]
async fn reach_is_asked_with_the_sources_own_credentials_and_reads_nothing() {
    let registry = registry(user_token()).await;
    let reference = registry.reference("team/app", "1");
    let ann = open(&reference, &login("ann", "secret")).await.unwrap();
    let image = &images(&reference, &login("ann", "secret")).await.unwrap()[0];
    let layer = &image.layers[0];
    assert!(ann.reaches(layer).await.unwrap());
    assert_eq!(registry.blob_requests(&layer.digest), 0);
    let bob = open(&reference, &login("bob", "guess")).await.unwrap();
    let error = bob.reaches(layer).await.unwrap_err();
    assert!(matches!(error, OciError::Denied { .. }), "{error}");
    registry.remove_blob("team/app", &layer.digest);
    assert!(!ann.reaches(layer).await.unwrap());
}
