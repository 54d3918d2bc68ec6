//! Pushes that a registry tells of: findings appear without anyone asking.

use std::process::Command;

use scanyard_testkit::RealRegistry;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::events::client;
use crate::sandbox::Sandbox;
use crate::service::Served;
use crate::world::{image, sandbox};

async fn started() -> (Sandbox, Served, Value) {
    let started = spawn_blocking(|| {
        let sandbox = sandbox();
        let served = Served::start(&sandbox);
        let added = client(&sandbox, &served, "hook add distribution --json");
        assert_eq!(added.code, 0, "{}", added.stderr);
        let hook = added.json();
        (sandbox, served, hook)
    });
    started.await.unwrap()
}

/// Copies the image of the sandbox into the registry, as a pipeline would.
async fn copy(sandbox: &Sandbox, reference: &str) -> bool {
    let from = format!("oci:{}:app", sandbox.path("layout").display());
    let to = format!("docker://{reference}");
    let copying = spawn_blocking(move || {
        let arguments = ["copy", "--quiet", "--dest-tls-verify=false", &from, &to];
        Command::new("skopeo").args(arguments).status()
    });
    match copying.await.unwrap() {
        Ok(status) => status.success(),
        Err(_) => {
            eprintln!("SKIPPED: skopeo is not installed; scripts/test-tools installs it");
            false
        }
    }
}

/// Asks until it is so.
async fn until(served: &Served, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let (_, answer) = served.get(path).await;
        if is_so(&answer) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_pushed_is_scanned_and_what_is_deleted_is_gone() {
    let (sandbox, served, hook) = started().await;
    let text = |name: &str| hook[name].as_str().unwrap().to_owned();
    let authorization = format!("Bearer {}", text("secret"));
    let registry = RealRegistry::start_telling(&text("url"), &authorization).await;
    let Some(registry) = registry else {
        return;
    };
    let reference = registry.reference("team/app", "1");
    if !copy(&sandbox, &reference).await {
        return;
    }
    let digest = image().digest();
    let path = format!("/v1/images/{digest}");
    let is_matched = |image: &Value| image["summary"]["findings"].is_object();
    let found = until(&served, &path, is_matched).await;
    assert_eq!(found["digest"], digest.to_string(), "{found}");
    let (_, findings) = served.get(&format!("{path}/findings")).await;
    assert!(
        !findings["items"].as_array().unwrap().is_empty(),
        "{findings}"
    );
    let repository = format!("{}/team/app", registry.address());
    let tags = format!("/v1/tags?repository={repository}");
    let named = until(&served, &tags, |tags| tags["items"][0]["name"] == "1").await;
    assert_eq!(named["items"][0]["digest"], digest.to_string(), "{named}");
    registry.delete("team/app", &digest).await;
    until(&served, &path, |image| image["code"] == "image_not_found").await;
}

#[tokio::test]
async fn hooks_are_listed_shown_and_removed() {
    let (sandbox, served, hook) = started().await;
    let told = spawn_blocking(move || {
        let id = hook["id"].as_str().unwrap();
        let listed = client(&sandbox, &served, "hook list");
        assert!(listed.stdout.contains(id), "{}", listed.stdout);
        let shown = client(&sandbox, &served, &format!("hook show {id}"));
        assert!(
            shown.stdout.contains("Authorization: [Bearer SECRET]"),
            "{}",
            shown.stdout
        );
        assert!(shown.stdout.contains(&served.url), "{}", shown.stdout);
        let removed = client(&sandbox, &served, &format!("hook remove {id}"));
        assert_eq!(removed.code, 0, "{}", removed.stderr);
        let again = client(&sandbox, &served, &format!("hook remove {id}"));
        again.assert_refused(1, "there is no such hook");
    });
    told.await.unwrap();
}
