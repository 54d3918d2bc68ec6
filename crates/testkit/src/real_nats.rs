//! A real nats-server, where the machine has one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::port::reserve_port;

/// Longest wait for the server to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names the program, before all other places.
const PROGRAM: &str = "SCANYARD_NATS_SERVER";

/// `nats-server` with JetStream on a free port of this machine, storage in a directory of its own.
/// It ends when it is dropped.
pub struct RealNats {
    process: Child,
    program: PathBuf,
    arguments: Vec<String>,
    ports: Ports,
    http: reqwest::Client,
    dir: TempDir,
}

struct Ports {
    client: u16,
    monitoring: u16,
}

impl Drop for RealNats {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl RealNats {
    /// Starts one that everybody may use. `None`, and a word on standard error, where the program
    /// is not installed: `scripts/test-tools` does that.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one with further arguments, such as `--user`, `--auth` or `--tlscert`.
    pub async fn start_with(arguments: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&text| text.to_owned()).collect();
        let ports = Ports {
            client: reserve_port(),
            monitoring: reserve_port(),
        };
        let started = candidates().into_iter().find_map(|program| {
            let process = spawn(&program, dir.path(), &arguments, &ports).ok()?;
            Some((program, process))
        });
        let Some((program, process)) = started else {
            eprintln!("SKIPPED: nats-server is not installed; scripts/test-tools installs it");
            return None;
        };
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let nats = Self {
            process,
            program,
            arguments,
            ports,
            http,
            dir,
        };
        nats.wait_until_healthy().await;
        Some(nats)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.client)
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Ends it as an operator does.
    pub async fn stop(&mut self) {
        let signal = format!("quit={}", self.process.id());
        let sent = Command::new(&self.program)
            .args(["--signal", &signal])
            .stderr(Stdio::null())
            .status();
        assert!(sent.unwrap().success(), "nats-server takes no signal");
        let begin = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < PATIENCE, "nats-server does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`], on the same port and storage.
    pub async fn start_again(&mut self) {
        let dir = self.dir.path();
        self.process = spawn(&self.program, dir, &self.arguments, &self.ports).unwrap();
        self.wait_until_healthy().await;
    }

    /// Stops it and starts it again.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    async fn wait_until_healthy(&self) {
        let url = format!("http://127.0.0.1:{}/healthz", self.ports.monitoring);
        let begin = Instant::now();
        loop {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(
                begin.elapsed() < PATIENCE,
                "nats-server does not answer: {}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn candidates() -> Vec<PathBuf> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return vec![program.into()];
    }
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/nats-server");
    vec![tools, "nats-server".into()]
}

fn spawn(
    program: &Path,
    dir: &Path,
    arguments: &[String],
    ports: &Ports,
) -> std::io::Result<Child> {
    Command::new(program)
        .args(["-a", "127.0.0.1", "-js"])
        .args(["-p", &ports.client.to_string()])
        .args(["-m", &ports.monitoring.to_string()])
        .arg("-sd")
        .arg(dir.join("data"))
        .arg("-l")
        .arg(dir.join("log"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
