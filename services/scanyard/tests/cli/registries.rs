//! Registries that the service is told how to reach.

use std::process::Stdio;

use scanyard_testkit::{Access, FakeRegistry};
use tokio::task::spawn_blocking;

use crate::events::client;
use crate::sandbox::{Ended, Sandbox};
use crate::service::{Served, submit};
use crate::world::{image, sandbox};

const PASSWORD: &str = "correct horse battery staple";

/// Runs a client command with a password in its environment.
fn with_password(sandbox: &Sandbox, served: &Served, arguments: &str, password: &str) -> Ended {
    let mut command = sandbox.command(arguments.split(' '));
    command.env("SCANYARD_SERVER", &served.url);
    command.env("SCANYARD_API_KEY", &served.key);
    command.env("SCANYARD_REGISTRY_PASSWORD", password);
    command.stdin(Stdio::null());
    Ended::of(command.output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_pulled_from_with_the_credentials_that_it_was_added_with() {
    let access = Access::UserToken("robot".into(), PASSWORD.into());
    let registry = FakeRegistry::with_access(access).await;
    registry.push("team/app", "1", &image());
    let host = registry.address();
    let told = spawn_blocking(move || {
        let sandbox = sandbox();
        let served = Served::start(&sandbox);
        let reference = format!("{host}/team/app:1");
        let without = submit(&sandbox, &served, &format!("{reference} --wait"));
        assert_eq!(without.code, 1, "{}", without.stdout);

        let add = format!("registry add {host} --private --username robot --repository team/**");
        let added = with_password(&sandbox, &served, &add, "wrong");
        assert_eq!(added.code, 0, "{}", added.stderr);
        let set = format!("registry set {host} --username robot --json");
        let set = with_password(&sandbox, &served, &set, PASSWORD);
        assert_eq!(set.code, 0, "{}", set.stderr);
        let listed = client(&sandbox, &served, "registry list");
        assert!(listed.stdout.contains("basic robot"), "{}", listed.stdout);
        for shown in [&added, &set, &listed] {
            assert!(!shown.stdout.contains(PASSWORD), "{}", shown.stdout);
        }
        (sandbox, served, host)
    });
    let (sandbox, served, host) = told.await.unwrap();
    // A worker may know the registry as it was for some seconds more.
    loop {
        let (sandbox_ref, served_ref) = (&sandbox, &served);
        let reference = format!("{host}/team/app:1");
        let ended = tokio::task::block_in_place(|| {
            submit(sandbox_ref, served_ref, &format!("{reference} --wait"))
        });
        if ended.code == 0 {
            break;
        }
    }
    let other = submit(&sandbox, &served, &format!("{host}/other/app:1 --wait"));
    other.assert_refused(1, "is not among those allowed");
    let removed = client(&sandbox, &served, &format!("registry remove {host}"));
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    let again = client(&sandbox, &served, &format!("registry show {host}"));
    again.assert_refused(1, "knows no registry");
}

#[test]
fn a_password_that_is_not_given_is_asked_for_and_never_an_argument() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox);
    let add = "registry add registry.example.com --username robot";
    let ended = with_password(&sandbox, &served, add, "");
    ended.assert_refused(1, "no password was given");
    let twice = "registry add registry.example.com";
    assert_eq!(client(&sandbox, &served, twice).code, 0);
    client(&sandbox, &served, twice).assert_refused(1, "already");
    // One that is known is changed, one that is not is added.
    let config = r#"{"auths": {"registry.example.com": {"auth": "YWRhOnA="}, "ghcr.io": {"auth": "YWRhOnA="}}}"#;
    std::fs::write(sandbox.path("config.json"), config).unwrap();
    let file = sandbox.path("config.json");
    let imported = client(
        &sandbox,
        &served,
        &format!("registry import {}", file.display()),
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let listed = client(&sandbox, &served, "registry list").stdout;
    assert_eq!(listed.matches("basic ada").count(), 2, "{listed}");
}
