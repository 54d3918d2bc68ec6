//! `scanyard db`: build, update, status, and damaged files.

use std::fs;
use std::path::PathBuf;

use axum::Router;
use axum::http::{StatusCode, Uri};
use tokio::task::spawn_blocking;

use crate::advisories;
use crate::sandbox::{Ended, Sandbox, files_below};
use crate::world::{sandbox, source};

#[test]
fn a_database_is_built_into_a_file_or_a_directory_and_is_the_same() {
    let sandbox = Sandbox::new();
    let from = sandbox.path("records");
    advisories::write(&from);
    fs::create_dir_all(sandbox.path("directory")).unwrap();
    let mut written = Vec::new();
    for (output, file) in [
        ("one.db", "one.db"),
        ("directory", "directory/advisories.db"),
    ] {
        let output = sandbox.path(output);
        let ended = sandbox.run(&format!(
            "db build --from {} --output {}",
            from.display(),
            output.display()
        ));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("5 records"), "{}", ended.stdout);
        written.push(fs::read(sandbox.path(file)).unwrap());
        let status = sandbox.run(&format!(
            "db status --json --verify --db {}",
            output.display()
        ));
        assert_eq!(status.code, 0, "{}", status.stderr);
        assert_eq!(status.json()["records"], 5);
        assert_eq!(status.json()["ecosystems"]["Debian:12"], 1);
    }
    assert_eq!(written[0], written[1]);
}

#[test]
fn status_is_for_people_unless_json_is_asked_for() {
    let sandbox = sandbox();
    let ended = sandbox.run("db status");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for said in ["revision", "old", "Debian:12", "sources"] {
        assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
    }
    Sandbox::new()
        .run("db status")
        .assert_refused(1, "no advisory database");
}

#[test]
fn nothing_to_build_from_is_an_error_and_leaves_no_file() {
    let sandbox = Sandbox::new();
    let output = sandbox.path("out.db");
    let ended = sandbox.run(&format!(
        "db build --from /no/such --output {}",
        output.display()
    ));
    ended.assert_refused(1, "/no/such");
    assert!(!output.exists());
}

#[test]
fn a_truncated_or_altered_database_is_refused_with_a_remedy() {
    let sandbox = sandbox();
    let file = sandbox.path("data/scanyard/db/advisories.db");
    let whole = fs::read(&file).unwrap();
    let scan = format!("scan {}", source(&sandbox));
    // Written aside and renamed, as a mapped file must be.
    let put = |bytes: &[u8]| {
        let aside = sandbox.path("aside");
        fs::write(&aside, bytes).unwrap();
        fs::rename(&aside, &file).unwrap();
    };
    for length in [0, 100, whole.len() / 2, whole.len() - 1] {
        put(&whole[..length]);
        let ended = sandbox.run(&scan);
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{length}");
        assert!(ended.stderr.contains("try: "), "{length}: {}", ended.stderr);
    }
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 16) {
        let mut altered = whole.clone();
        altered[at] ^= 0x55;
        put(&altered);
        let explain = sandbox.run("explain pkg:npm/%40scope/left@1.2.0 CVE-2024-1002");
        for ended in [sandbox.run(&scan), explain] {
            // A block that nobody needed may be anything; one that was read may not.
            if ended.code == 1 {
                assert_eq!(ended.stdout, "", "byte {at}");
                assert!(ended.stderr.contains("try: "), "{}", ended.stderr);
                refused += 1;
            } else {
                assert!(ended.stdout.contains("CVE-2024-1002"), "byte {at}");
            }
        }
        let verified = sandbox.run("db status --verify");
        verified.assert_refused(1, "db");
    }
    assert!(refused > 0, "no altered byte was noticed");
}

#[tokio::test]
async fn an_update_fetches_everything_then_nothing_then_what_changed() {
    let sandbox = Sandbox::new();
    let bucket = sandbox.path("bucket");
    advisories::write_bucket(&bucket);
    let url = serve(bucket.clone()).await;
    let update = move |sandbox: Sandbox| {
        let url = url.clone();
        spawn_blocking(move || {
            let ended = sandbox.run(&format!("db update --source {url}"));
            (sandbox, ended)
        })
    };
    let (sandbox, first) = update(sandbox).await.unwrap();
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(
        first.stdout.contains("updated to revision"),
        "{}",
        first.stdout
    );
    let status = |sandbox: &Sandbox| sandbox.run("db status --json").json();
    let before = status(&sandbox);
    assert_eq!(before["records"], 5);
    let (sandbox, second) = update(sandbox).await.unwrap();
    assert!(
        second.stdout.contains("is at revision"),
        "{}",
        second.stdout
    );
    assert_eq!(status(&sandbox)["revision"], before["revision"]);
    fs::write(bucket.join("npm/all.zip"), "no zip").unwrap();
    let list = bucket.join("npm/modified_id.csv");
    fs::write(list, "2024-06-01T00:00:00Z,GHSA-aaaa-bbbb-cccc\n").unwrap();
    let (sandbox, third) = update(sandbox).await.unwrap();
    assert_eq!(third.code, 1);
    assert!(
        third.stderr.contains("not updated: npm"),
        "{}",
        third.stderr
    );
    assert_eq!(status(&sandbox)["records"], 5, "what was there is kept");
    let kept = files_below(&sandbox.path("data"));
    let is_scratch = |file: &&PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy();
        name.starts_with('.') || name.contains("tmp")
    };
    assert_eq!(kept.iter().find(is_scratch), None);
}

#[test]
fn an_update_from_nowhere_says_so() {
    let ended: Ended = Sandbox::new().run("db update --source http://127.0.0.1:1");
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("try: "), "{}", ended.stderr);
}

/// A server of the files in a directory.
pub async fn serve(root: PathBuf) -> String {
    let answer = move |uri: Uri| {
        let file = root.join(uri.path().trim_start_matches('/'));
        async move { fs::read(file).map_err(|_| StatusCode::NOT_FOUND) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[test]
fn sources_and_mirrors_are_checked_before_anything_is_fetched() {
    let sandbox = Sandbox::new();
    sandbox
        .run("db update --source debain")
        .assert_refused(1, "no source \"debain\"");
    let ended = sandbox.run("db update --mirror alpine");
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("NAME=URL"), "{}", ended.stderr);
}

#[test]
fn feeds_beside_the_export_are_built_and_told() {
    let sandbox = Sandbox::new();
    let from = sandbox.path("records");
    advisories::write(&from);
    fs::create_dir_all(from.join("wolfi")).unwrap();
    let secdb =
        r#"{"packages": [{"pkg": {"name": "zlib", "secfixes": {"1.3-r0": ["CVE-2024-1"]}}}]}"#;
    fs::write(from.join("wolfi/security.json"), secdb).unwrap();
    let output = sandbox.path("out.db");
    let (from, output) = (from.display(), output.display());
    let ended = sandbox.run(&format!("db build --from {from} --output {output}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let status = sandbox.run(&format!("db status --json --db {output}"));
    let feeds = status.json()["feeds"].clone();
    let names: Vec<_> = feeds
        .as_array()
        .unwrap()
        .iter()
        .map(|feed| &feed["name"])
        .collect();
    assert_eq!(names, ["osv", "wolfi"]);
    let status = sandbox.run(&format!("db status --db {output}"));
    for said in ["wolfi", "exploit predictions", "ends of releases"] {
        assert!(status.stdout.contains(said), "{said}: {}", status.stdout);
    }
}
