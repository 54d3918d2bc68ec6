//! Updates from a local server that serves an export as the public bucket does.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod support;

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use scanyard_advisory::{
    DATABASE_FILE, Database, EcosystemOutcome, UpdateError, UpdateOptions, UpdateReport, build,
    update,
};
use support::{records, shared, write_bucket};

/// What the server does; tests change it between updates.
#[derive(Default)]
struct Bucket {
    root: PathBuf,
    /// How often each path still fails before it answers.
    failing: HashMap<String, usize>,
    requests: Vec<String>,
    /// Exports that single records were answered from, opened once.
    archives: HashMap<PathBuf, zip::ZipArchive<fs::File>>,
}

type Shared = Arc<Mutex<Bucket>>;

async fn serve(
    State(bucket): State<Shared>,
    UrlPath(path): UrlPath<String>,
) -> (StatusCode, Vec<u8>) {
    let mut bucket = bucket.lock().unwrap();
    bucket.requests.push(path.clone());
    if let Some(left @ 1..) = bucket.failing.get_mut(&path) {
        *left -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    }
    match fs::read(bucket.root.join(&path))
        .ok()
        .or_else(|| bucket.record(&path))
    {
        Some(body) => (StatusCode::OK, body),
        None => (StatusCode::NOT_FOUND, Vec::new()),
    }
}

impl Bucket {
    /// The bucket has each record by itself too; here it is answered out of the export.
    fn record(&mut self, path: &str) -> Option<Vec<u8>> {
        let path = self.root.join(path);
        let export = path.parent()?.join("all.zip");
        if !self.archives.contains_key(&export) {
            let archive = zip::ZipArchive::new(fs::File::open(&export).ok()?).ok()?;
            self.archives.insert(export.clone(), archive);
        }
        let mut json = Vec::new();
        let name = path.file_name()?.to_str()?;
        self.archives
            .get_mut(&export)?
            .by_name(name)
            .ok()?
            .read_to_end(&mut json)
            .ok()?;
        Some(json)
    }
}

struct Server {
    url: String,
    bucket: Shared,
}

impl Server {
    async fn start(root: &Path) -> Self {
        let bucket = Arc::new(Mutex::new(Bucket {
            root: root.into(),
            ..Bucket::default()
        }));
        let router = Router::new()
            .route("/{*path}", axum::routing::get(serve))
            .with_state(bucket.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, bucket }
    }

    fn serve(&self, root: &Path) {
        let mut bucket = self.bucket.lock().unwrap();
        bucket.root = root.into();
        bucket.requests.clear();
    }

    fn fail(&self, path: &str, times: usize) {
        self.bucket
            .lock()
            .unwrap()
            .failing
            .insert(path.into(), times);
    }

    fn requests(&self) -> Vec<String> {
        self.bucket.lock().unwrap().requests.clone()
    }

    async fn update(&self, directory: &Path) -> Result<UpdateReport, UpdateError> {
        let options = UpdateOptions {
            retries: 1,
            idle_timeout: Duration::from_secs(30),
            ..UpdateOptions::default()
        };
        update(directory, &self.url, &options, |_| ()).await
    }
}

fn outcome<'a>(report: &'a UpdateReport, ecosystem: &str) -> &'a EcosystemOutcome {
    let mut updates = report.ecosystems.iter();
    &updates
        .find(|update| update.ecosystem == ecosystem)
        .unwrap()
        .outcome
}

/// Writes the bucket's lists beside the exports.
fn write_lists(root: &Path, records: &[(String, String, String)]) {
    let mut lists: HashMap<&str, String> = HashMap::new();
    for (ecosystem, id, json) in records {
        let (_, after) = json.split_once(r#""modified": ""#).unwrap();
        let modified = after.split('"').next().unwrap().replace(".050Z", ".05Z");
        lists
            .entry(ecosystem)
            .or_default()
            .push_str(&format!("{modified},{id}\n"));
    }
    for (ecosystem, list) in &lists {
        fs::write(root.join(ecosystem).join("modified_id.csv"), list).unwrap();
    }
    let names: Vec<_> = lists.keys().copied().collect();
    fs::write(root.join("ecosystems.txt"), names.join("\n")).unwrap();
}

fn export(directory: &Path, name: &str, records: &[(String, String, String)]) -> PathBuf {
    let root = directory.join(name);
    write_bucket(&root, records);
    write_lists(&root, records);
    root
}

/// Enough records that single ones are fetched rather than the export.
fn many() -> Vec<(String, String, String)> {
    let mut all = records();
    for number in 0..20 {
        let id = format!("ALSA-2023:{number:04}");
        let json = support::json_of("ALSA-2024:A001").replace("ALSA-2024:A001", &id);
        all.push(("AlmaLinux".into(), id, json));
    }
    all
}

#[tokio::test]
async fn an_incremental_update_ends_with_the_bytes_of_a_full_build() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = many();
    let before = export(directory.path(), "before", &all);
    let server = Server::start(&before).await;
    let database = directory.path().join("database");
    let first = server.update(&database).await.unwrap();
    assert!(first.changed);
    assert_eq!(
        *outcome(&first, "AlmaLinux"),
        EcosystemOutcome::Full { records: 21 }
    );

    let changed = all
        .iter_mut()
        .find(|record| record.1 == "ALSA-2024:A001")
        .unwrap();
    changed.2 = changed
        .2
        .replace("2024-05-02T00:00:00Z", "2024-05-02T00:00:00.5Z");
    changed.2 = changed.2.replace("1.2-3.el9", "1.2-4.el9");
    all.retain(|record| record.1 != "ALSA-2023:0007");
    let after = export(directory.path(), "after", &all);
    server.serve(&after);
    let second = server.update(&database).await.unwrap();
    let expected = EcosystemOutcome::Incremental {
        fetched: 1,
        dropped: 1,
    };
    assert_eq!(*outcome(&second, "AlmaLinux"), expected);
    assert_eq!(*outcome(&second, "npm"), EcosystemOutcome::Unchanged);
    assert!(
        server
            .requests()
            .contains(&"AlmaLinux/ALSA-2024:A001.json".to_owned())
    );
    assert!(
        !server
            .requests()
            .iter()
            .any(|path| path.ends_with("all.zip"))
    );

    let full = directory.path().join("full.db");
    build(&after, &full).unwrap();
    assert_eq!(
        fs::read(full).unwrap(),
        fs::read(database.join(DATABASE_FILE)).unwrap()
    );

    let third = server.update(&database).await.unwrap();
    assert!(!third.changed);
}

#[tokio::test]
async fn a_failing_ecosystem_keeps_its_records_and_costs_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = many();
    let server = Server::start(&export(directory.path(), "before", &all)).await;
    let database = directory.path().join("database");
    let first = server.update(&database).await.unwrap();
    all.retain(|record| record.0 != "npm");
    let npm = (
        "npm".to_owned(),
        "MAL-2024-1".to_owned(),
        support::json_of("MAL-2024-1").to_owned(),
    );
    all.push(npm);
    all.retain(|record| record.1 != "ALSA-2023:0001");
    server.serve(&export(directory.path(), "after", &all));
    server.fail("npm/modified_id.csv", 9);
    server.fail("AlmaLinux/modified_id.csv", 1);
    let second = server.update(&database).await.unwrap();
    assert!(matches!(
        outcome(&second, "npm"),
        EcosystemOutcome::Failed { .. }
    ));
    assert!(matches!(
        outcome(&second, "AlmaLinux"),
        EcosystemOutcome::Incremental { .. }
    ));
    assert_eq!(second.info.records, first.info.records - 1);
}

#[tokio::test]
async fn only_one_update_works_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&export(directory.path(), "before", &records())).await;
    let database = directory.path().join("database");
    fs::create_dir_all(&database).unwrap();
    let lock = fs::File::create(database.join("update.lock")).unwrap();
    lock.lock().unwrap();
    let error = server.update(&database).await.unwrap_err();
    assert!(matches!(error, UpdateError::Busy(_)), "{error}");
    drop(lock);
    server.update(&database).await.unwrap();
}

#[tokio::test]
async fn an_update_that_was_cut_off_is_completed_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let root = export(directory.path(), "before", &records());
    let server = Server::start(&root).await;
    let database = directory.path().join("database");
    let first = server.update(&database).await.unwrap();
    // As after a kill between keeping records and compiling them, with one file half written.
    fs::write(database.join("sources/uncompiled"), "").unwrap();
    let npm = database.join("sources/npm.records");
    let kept = fs::read(&npm).unwrap();
    fs::write(&npm, &kept[..kept.len() / 2]).unwrap();
    let second = server.update(&database).await.unwrap();
    assert_eq!(
        *outcome(&second, "npm"),
        EcosystemOutcome::Full { records: 2 }
    );
    assert_eq!(second.info.revision, first.info.revision);
    assert!(!database.join("sources/uncompiled").exists());
}

#[tokio::test]
async fn a_source_that_is_none_leaves_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&export(directory.path(), "before", &records())).await;
    let database = directory.path().join("database");
    server.update(&database).await.unwrap();
    server.serve(directory.path());
    let error = server.update(&database).await.unwrap_err();
    assert!(matches!(error, UpdateError::Source(_)), "{error}");
    Database::open(&database).unwrap().verify().unwrap();
}

#[tokio::test]
async fn the_shared_exports_update_to_the_bytes_of_a_full_build() {
    let (Some(before), Some(after)) = (shared("osv-previous"), shared("osv")) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&before).await;
    let database = directory.path().join("database");
    let first = server.update(&database).await.unwrap();
    assert_eq!(first.info.records, 32_750);
    server.serve(&after);
    let second = server.update(&database).await.unwrap();
    for update in &second.ecosystems {
        eprintln!("{}: {:?}", update.ecosystem, update.outcome);
        assert!(
            !matches!(update.outcome, EcosystemOutcome::Failed { .. }),
            "{update:?}"
        );
    }
    let full = build(&after, &directory.path().join("full.db")).unwrap();
    assert_eq!(second.info, full.info);
}
