//! Feeds beside the export: fetched from mirrors, only when they changed, each for itself.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use scanyard_advisory::{
    Database, EcosystemOutcome, UpdateError, UpdateOptions, UpdateReport, build, update,
};
use scanyard_package::Ecosystem;

/// What the server has, and what it was asked for beside conditional requests that it refused.
#[derive(Default)]
struct Site {
    files: BTreeMap<String, String>,
    sent: Vec<String>,
}

type Shared = Arc<Mutex<Site>>;
type Answer = (StatusCode, [(HeaderName, String); 2], String);

async fn serve(
    State(site): State<Shared>,
    UrlPath(path): UrlPath<String>,
    asked: HeaderMap,
) -> Answer {
    let mut site = site.lock().unwrap();
    let Some(body) = site.files.get(&path).cloned() else {
        return (StatusCode::NOT_FOUND, headers("none"), String::new());
    };
    let etag = format!("\"{}\"", body.len());
    if asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == etag.as_str())
    {
        return (StatusCode::NOT_MODIFIED, headers(&etag), String::new());
    }
    site.sent.push(path);
    (StatusCode::OK, headers(&etag), body)
}

fn headers(etag: &str) -> [(HeaderName, String); 2] {
    let time = "Wed, 01 May 2024 10:00:00 GMT".to_owned();
    [
        (header::ETAG, etag.to_owned()),
        (header::LAST_MODIFIED, time),
    ]
}

struct Server {
    url: String,
    site: Shared,
}

impl Server {
    async fn start(files: &[(&str, &str)]) -> Self {
        let site = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/{*path}", axum::routing::get(serve))
            .with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let server = Self { url, site };
        for (path, content) in files {
            server.put(path, content);
        }
        server
    }

    fn put(&self, path: &str, content: &str) {
        let files = &mut self.site.lock().unwrap().files;
        files.insert(path.to_owned(), content.to_owned());
    }

    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.site.lock().unwrap().sent)
    }
}

async fn run(
    directory: &std::path::Path,
    server: &Server,
    options: UpdateOptions,
) -> Result<UpdateReport, UpdateError> {
    let options = UpdateOptions {
        retries: 0,
        idle_timeout: Duration::from_secs(10),
        ..options
    };
    update(directory, &server.url, &options, |_| {}).await
}

fn only(sources: &[&str]) -> UpdateOptions {
    UpdateOptions {
        sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        ..UpdateOptions::default()
    }
}

fn outcomes(report: &UpdateReport) -> Vec<String> {
    let shown = |outcome: &EcosystemOutcome| match outcome {
        EcosystemOutcome::Unchanged => "unchanged".to_owned(),
        EcosystemOutcome::Full { records } => format!("{records} records"),
        EcosystemOutcome::Incremental { .. } => "incremental".to_owned(),
        EcosystemOutcome::Failed { .. } => "failed".to_owned(),
    };
    let updates = report.ecosystems.iter();
    updates
        .map(|update| format!("{} {}", update.ecosystem, shown(&update.outcome)))
        .collect()
}

const MAIN: &str = r#"{"reponame": "main", "distroversion": "v3.18", "packages": [
    {"pkg": {"name": "zlib", "secfixes": {"1.3-r0": ["CVE-2024-1"]}}}]}"#;
const KEV: &str =
    r#"{"catalogVersion": "2024.05.01", "vulnerabilities": [{"cveID": "CVE-2024-1"}]}"#;
const EPSS: &str = "#model_version:v1,score_date:2024-05-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-1,0.5,0.9\n";

fn site() -> [(&'static str, &'static str); 4] {
    [
        ("alpine/", "<a href=\"v3.18/\">v3.18/</a>"),
        ("alpine/v3.18/main.json", MAIN),
        ("kev/known_exploited_vulnerabilities.json", KEV),
        ("epss/epss_scores-current.csv.gz", EPSS),
    ]
}

#[tokio::test]
async fn feeds_are_fetched_once_and_again_when_they_change() {
    let server = Server::start(&site()).await;
    let directory = tempfile::tempdir().unwrap();
    let sources = only(&["alpine", "kev", "epss", "debian"]);
    let report = run(directory.path(), &server, sources.clone())
        .await
        .unwrap();
    // What a mirror of everything does not have is no failure.
    assert_eq!(
        outcomes(&report),
        ["alpine 1 records", "epss 1 records", "kev 1 records"]
    );
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(
        database.info().date.unwrap().to_rfc3339(),
        "2024-05-01T10:00:00+00:00"
    );
    assert!(database.is_known_exploited("CVE-2024-1"));
    assert_eq!(
        database.exploit_prediction("CVE-2024-1").unwrap().score,
        0.5
    );
    assert!(database.has_ecosystem(&Ecosystem::new("Alpine:v3.18")));
    server.sent();

    let report = run(directory.path(), &server, sources.clone())
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        ["alpine unchanged", "epss unchanged", "kev unchanged"]
    );
    assert!(!report.changed);
    assert_eq!(server.sent(), ["alpine/"]);

    server.put(
        "alpine/v3.18/main.json",
        &MAIN.replace("CVE-2024-1", "CVE-2024-10"),
    );
    let report = run(directory.path(), &server, sources).await.unwrap();
    assert_eq!(
        outcomes(&report),
        ["alpine 1 records", "epss unchanged", "kev unchanged"]
    );
    let database = Database::open(directory.path()).unwrap();
    assert!(database.advisories("ALPINE-CVE-2024-1").is_empty());
    assert_eq!(database.advisories("ALPINE-CVE-2024-10").len(), 1);
}

#[tokio::test]
async fn a_feed_that_fails_keeps_what_was_there_and_costs_no_other() {
    let server = Server::start(&site()).await;
    let directory = tempfile::tempdir().unwrap();
    let sources = only(&["alpine", "kev", "epss"]);
    run(directory.path(), &server, sources.clone())
        .await
        .unwrap();
    server.put(
        "kev/known_exploited_vulnerabilities.json",
        "<html>maintenance</html>",
    );
    server.put("alpine/", "nothing here");
    server.put(
        "epss/epss_scores-current.csv.gz",
        &EPSS.replace("0.5,", "0.25,"),
    );
    let report = run(directory.path(), &server, sources).await.unwrap();
    assert_eq!(
        outcomes(&report),
        ["alpine failed", "epss 1 records", "kev failed"]
    );
    let database = Database::open(directory.path()).unwrap();
    assert!(database.is_known_exploited("CVE-2024-1"));
    assert_eq!(
        database.exploit_prediction("CVE-2024-1").unwrap().score,
        0.25
    );
    assert_eq!(database.advisories("ALPINE-CVE-2024-1").len(), 1);
}

#[tokio::test]
async fn mirrors_are_asked_in_place_of_publishers_and_names_are_checked() {
    let server = Server::start(&[(
        "mine/security.json",
        r#"{"packages": [{"pkg": {"name": "zlib", "secfixes": {"0": ["CVE-2024-1"]}}}]}"#,
    )])
    .await;
    let directory = tempfile::tempdir().unwrap();
    let mirror = |name: &str, path: &str| UpdateOptions {
        mirrors: BTreeMap::from([(name.to_owned(), format!("{}/{path}", server.url))]),
        ..only(&["wolfi"])
    };
    let report = run(directory.path(), &server, mirror("wolfi", "mine/"))
        .await
        .unwrap();
    assert_eq!(outcomes(&report), ["wolfi 1 records"]);
    let report = run(directory.path(), &server, mirror("wolfi", "gone"))
        .await
        .unwrap();
    assert_eq!(outcomes(&report), ["wolfi failed"]);
    let refused = run(directory.path(), &server, mirror("wulfi", "mine")).await;
    assert!(matches!(refused, Err(UpdateError::UnknownSource(name)) if name == "wulfi"));
}

#[test]
fn a_directory_of_feeds_builds_with_what_each_says() {
    let from = tempfile::tempdir().unwrap();
    for (path, content) in site() {
        if path.ends_with('/') {
            continue;
        }
        let path = from.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::create_dir(from.path().join("oracle")).unwrap();
    std::fs::write(from.path().join("oracle/broken.xml"), "<a>").unwrap();
    let report = build(from.path(), &from.path().join("out.db")).unwrap();
    assert_eq!((report.info.records, report.info.unreadable), (1, 1));
    let feeds: Vec<_> = report
        .info
        .feeds
        .iter()
        .map(|feed| feed.name.as_str())
        .collect();
    assert_eq!(feeds, ["alpine"]);
    assert_eq!(report.info.epss.unwrap().version, "2024-05-01");
    assert_eq!(report.info.known_exploited.unwrap().version, "2024.05.01");
}
