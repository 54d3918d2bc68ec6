//! `scanyard serve` and `scanyard submit`: the whole service in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, StatusCode};
use scanyard_testkit::{FakeRegistry, Fault};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::sandbox::{Ended, Sandbox};
use crate::world::{image, sandbox, source};

/// A service that runs. It is killed when it is dropped.
pub struct Served {
    child: Child,
    pub url: String,
    pub key: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that ended already cannot be killed, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub fn start(sandbox: &Sandbox) -> Self {
        Self::start_with(sandbox, &[])
    }

    pub fn start_with(sandbox: &Sandbox, options: &[&str]) -> Self {
        let command = ["serve", "--listen", "127.0.0.1:0", "--allow-local-sources"];
        let mut child = sandbox
            .command(command.iter().chain(options))
            // Registries of tests are on this machine.
            .env("SCANYARD_ALLOW_REGISTRY", "*")
            .env("SCANYARD_ALLOW_PRIVATE_REGISTRIES", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line:?}");
        std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        let key = std::fs::read_to_string(key_file(sandbox)).unwrap();
        Self {
            child,
            url,
            key: key.trim().to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Client::new()
            .get(format!("{}{path}", self.url))
            .bearer_auth(&self.key);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn submit(&self, reference: &str) -> String {
        let request = Client::new()
            .post(format!("{}/v1/scans", self.url))
            .bearer_auth(&self.key)
            .json(&json!({"reference": reference}));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let scan: Value = answer.json().await.unwrap();
        scan["id"].as_str().unwrap().to_owned()
    }

    /// Waits for a scan's end.
    async fn ended(&self, id: &str) -> Value {
        loop {
            let (_, scan) = self.get(&format!("/v1/scans/{id}")).await;
            if ["done", "failed"]
                .iter()
                .any(|state| scan["state"] == *state)
            {
                return scan;
            }
            tokio::task::yield_now().await;
        }
    }

    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

fn key_file(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("data/scanyard/service/api-key")
}

pub fn submit(sandbox: &Sandbox, served: &Served, arguments: &str) -> Ended {
    let mut command = sandbox.command(format!("submit {arguments}").split(' '));
    command.env("SCANYARD_SERVER", &served.url);
    command.env("SCANYARD_API_KEY", &served.key);
    Ended::of(command.output().unwrap())
}

#[test]
fn a_submitted_image_is_reported_as_a_scanned_one_is() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox);
    let source = source(&sandbox);
    let ended = submit(&sandbox, &served, &format!("{source} --wait --format json"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let (told, mut scanned) = (ended.json(), sandbox.report(&source));
    // A service does not keep whom an image runs as.
    scanned["image"]["user"] = Value::Null;
    for part in ["image", "distro", "advisories", "packages", "summary"] {
        assert_eq!(told[part], scanned[part], "{part}");
    }
    assert_eq!(told["findings"], scanned["findings"]);
    let gated = submit(&sandbox, &served, &format!("{source} --fail-on critical"));
    assert_eq!(gated.code, 2, "{}", gated.stderr);
    let queued = submit(&sandbox, &served, &source);
    assert_eq!(queued.code, 0, "{}", queued.stderr);
    assert_eq!(queued.stdout.trim().len(), 36, "an id: {}", queued.stdout);
    let missing = submit(&sandbox, &served, "oci:/no/such:1 --wait");
    missing.assert_refused(1, "does not exist");
    assert_eq!(served.terminate(), Some(0));
}

#[tokio::test]
async fn the_key_is_for_its_owner_only_and_nothing_is_told_without_it() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox);
    let mode = key_file(&sandbox).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for directory in [Path::new(&key_file(&sandbox)).parent().unwrap()] {
        for file in crate::sandbox::files_below(directory) {
            let bytes = std::fs::read(&file).unwrap();
            let is_key_file = file == key_file(&sandbox);
            let shown = bytes
                .windows(served.key.len())
                .any(|w| w == served.key.as_bytes());
            assert_eq!(shown, is_key_file, "{}", file.display());
        }
    }
    for path in ["/v1/scans", "/v1/images", "/v1/advisories", "/v1/keys"] {
        let answer = reqwest::get(format!("{}{path}", served.url)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let wrong = sandbox
        .command(["submit", "alpine", "--server", &served.url])
        .env("SCANYARD_API_KEY", "wrong")
        .output();
    Ended::of(wrong.unwrap()).assert_refused(1, "401");
    assert_eq!(served.get("/v1/scans").await.0, StatusCode::OK);
}

#[test]
fn a_second_service_on_the_same_directory_is_refused() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox);
    let second = sandbox.run("serve --listen 127.0.0.1:0");
    second.assert_refused(1, "another Scanyard runs on");
    drop(served);
    let third = Served::start(&sandbox);
    assert_eq!(third.terminate(), Some(0));
}

#[test]
fn without_keys_only_loopback_is_served() {
    let sandbox = Sandbox::new();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let ended = sandbox.run(&format!("serve --insecure-no-auth --listen {address}"));
        ended.assert_refused(64, "loopback");
    }
    assert_eq!(crate::sandbox::files_below(&sandbox.path("data")).len(), 0);
}

#[test]
fn an_address_in_use_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ended = Sandbox::new().run(&format!("serve --listen {address}"));
    ended.assert_refused(1, "cannot listen on");
}

#[test]
fn a_service_that_is_not_there_is_said() {
    let ended = Sandbox::new().run("submit alpine --server http://127.0.0.1:1");
    ended.assert_refused(1, "cannot reach http://127.0.0.1:1/");
}

#[tokio::test]
async fn a_body_of_100_megabytes_is_refused_and_the_service_stays_up() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox);
    let body = format!(r#"{{"reference": "{}"}}"#, "a".repeat(100 << 20));
    let sent = Client::new()
        .post(format!("{}/v1/scans", served.url))
        .bearer_auth(&served.key)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await;
    // The service may close the connection while the rest is on its way.
    if let Ok(answer) = sent {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(served.get("/readyz").await.0, StatusCode::OK);
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.child.id())).unwrap();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak < 300 << 10, "{peak} KiB");
}

#[tokio::test]
async fn a_scan_outlives_a_kill_in_its_middle() {
    let registry = FakeRegistry::start().await;
    registry.push("team/app", "1", &image());
    let layer = image().layers()[1].digest();
    registry.fail(&layer.to_string(), Fault::Silence, 1);
    let sandbox = sandbox();
    let mut served = Served::start(&sandbox);
    let id = served.submit(&registry.reference("team/app", "1")).await;
    while registry.count(&layer.to_string()) == 0 {
        tokio::task::yield_now().await;
    }
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    let restarted = spawn_blocking(move || (Served::start(&sandbox), sandbox));
    let (served, _sandbox) = restarted.await.unwrap();
    let scan = served.ended(&id).await;
    assert_eq!(scan["state"], "done", "{scan}");
    let report = format!("/v1/images/{}/report", image().digest());
    let (status, report) = served.get(&report).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(report["findings"].as_array().unwrap().len(), 4);
    assert_eq!(served.terminate(), Some(0));
}

#[tokio::test]
async fn a_submitted_bill_of_materials_has_the_findings_of_its_image() {
    let sandbox = sandbox();
    let image = sandbox.report(&source(&sandbox));
    let bill = sandbox.path("bill.cdx.json").display().to_string();
    sandbox.run(&format!(
        "scan --format cyclonedx --output {bill} {}",
        source(&sandbox)
    ));
    let served = Served::start(&sandbox);
    let key = key_file(&sandbox);
    let command = format!(
        "submit sbom:{bill} --name team/app:1.4 --server {} --api-key-file {} --wait --format json",
        served.url,
        key.display()
    );
    let ended = spawn_blocking(move || sandbox.run(&command)).await.unwrap();
    let report = ended.json();
    let ids = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|f| f["id"].to_string()).collect::<Vec<_>>()
    };
    assert!(!ids(&image).is_empty());
    assert_eq!(ids(&report), ids(&image));
    let (_, listed) = served.get("/v1/images").await;
    assert_eq!(listed["items"][0]["repositories"], json!(["sbom:team/app"]));
}
