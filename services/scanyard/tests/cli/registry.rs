//! Images pulled from a registry.

use scanyard_testkit::{Access, FakeRegistry, Fault};
use tokio::task::spawn_blocking;

use crate::sandbox::{Ended, Sandbox};
use crate::world::{bare_sandbox, image};

/// Runs the program while the registry of this process answers.
async fn run(sandbox: Sandbox, arguments: String) -> (Sandbox, Ended) {
    let running = spawn_blocking(move || {
        let ended = sandbox.run(&arguments);
        (sandbox, ended)
    });
    running.await.unwrap()
}

#[tokio::test]
async fn a_second_scan_reads_no_layer() {
    let registry = FakeRegistry::start().await;
    registry.push("team/app", "1", &image());
    let scan = format!("scan --format json {}", registry.reference("team/app", "1"));
    let reads = || -> Vec<usize> {
        let layers = image();
        let digests = layers.layers().iter().map(|layer| layer.digest());
        digests
            .map(|digest| registry.blob_requests(&digest))
            .collect()
    };
    let (sandbox, cold) = run(bare_sandbox(), scan.clone()).await;
    assert_eq!(cold.code, 0, "{}", cold.stderr);
    assert_eq!(reads(), [1, 1, 1]);
    let (_, warm) = run(sandbox, scan).await;
    assert_eq!(warm.stdout, cold.stdout);
    assert_eq!(reads(), [1, 1, 1]);
}

#[tokio::test]
async fn a_missing_tag_is_said_with_its_repository() {
    let registry = FakeRegistry::start().await;
    registry.push("team/app", "1", &image());
    let scan = format!("scan {}", registry.reference("team/app", "2"));
    let (_, ended) = run(bare_sandbox(), scan).await;
    ended.assert_refused(1, "team/app:2 was not found");
}

#[tokio::test]
async fn credentials_come_from_files_or_the_environment_and_wrong_ones_are_never_shown() {
    let access = Access::UserToken("user".into(), "right".into());
    let registry = FakeRegistry::with_access(access).await;
    registry.push("team/app", "1", &image());
    let reference = registry.reference("team/app", "1");
    let scan_with = |password: &'static str| {
        let (sandbox, reference) = (bare_sandbox(), reference.clone());
        spawn_blocking(move || {
            let mut command = sandbox.command(["scan", "--format", "json", &reference]);
            command
                .env("SCANYARD_REGISTRY_USERNAME", "user")
                .env("SCANYARD_REGISTRY_PASSWORD", password);
            Ended::of(command.output().unwrap())
        })
    };
    assert_eq!(scan_with("right").await.unwrap().code, 0);
    let wrong = scan_with("wrong-secret").await.unwrap();
    wrong.assert_refused(1, "refuses access");
    assert!(!wrong.stderr.contains("wrong-secret"), "{}", wrong.stderr);
    let sandbox = bare_sandbox();
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "dXNlcjpyaWdodA=="}}}}}}"#,
        registry.address()
    );
    std::fs::create_dir_all(sandbox.path(".docker")).unwrap();
    std::fs::write(sandbox.path(".docker/config.json"), config).unwrap();
    let (_, ended) = run(sandbox, format!("scan {reference}")).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_digest_fail_the_scan_and_are_not_cached() {
    let registry = FakeRegistry::start().await;
    registry.push("team/app", "1", &image());
    let layer = image().layers()[1].digest();
    let other = image().layers()[0].blob.clone();
    registry.fail(&layer.to_string(), Fault::Body(other), 100);
    let scan = format!("scan {}", registry.reference("team/app", "1"));
    let (sandbox, ended) = run(bare_sandbox(), scan.clone()).await;
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let cached = crate::sandbox::files_below(&sandbox.path("cache"));
    let name = layer.to_hex();
    assert!(cached.iter().all(|file| !file.ends_with(&name)));
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_said_with_its_cause() {
    let address = {
        let registry = FakeRegistry::start().await;
        registry.address()
    };
    let (_, ended) = run(bare_sandbox(), format!("scan {address}/team/app:1")).await;
    ended.assert_refused(1, "did not answer");
}
