//! The processes, and a client that does not give up while they are away.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use scanyard_testkit::{Durability, FakeRegistry, Proxy, RealNats, RealPostgres, reserve_port};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for anything. Kills cost a lease and an ack wait, half a minute each.
const PATIENCE: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_millis(100);

/// Postgres, NATS, a gateway, a scheduler and workers. Everything ends when it is dropped.
pub struct Cluster {
    roles: BTreeMap<String, Role>,
    pub registry: FakeRegistry,
    pub postgres: RealPostgres,
    pub nats: RealNats,
    /// Between the roles and NATS.
    pub wire: Proxy,
    /// What the roles find in their environment beside where everything is.
    environment: Vec<(String, String)>,
    database_url: String,
    server: String,
    http: reqwest::Client,
    dir: TempDir,
}

struct Role {
    arguments: Vec<String>,
    process: Child,
}

impl Drop for Role {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Cluster {
    /// Starts one; `None`, said loudly, where a server is not installed.
    pub async fn start(workers: usize, durability: Durability) -> Option<Self> {
        Self::start_with(workers, durability, &[]).await
    }

    /// Starts one whose roles have these variables in their environment.
    pub async fn start_with(
        workers: usize,
        durability: Durability,
        environment: &[(&str, &str)],
    ) -> Option<Self> {
        let postgres = RealPostgres::start(durability)?;
        let nats = RealNats::start().await?;
        let listen = format!("127.0.0.1:{}", reserve_port());
        let mut cluster = Self {
            roles: BTreeMap::new(),
            registry: FakeRegistry::start().await,
            database_url: postgres.create_database(),
            postgres,
            wire: Proxy::start(nats.address()).await,
            nats,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            server: format!("http://{listen}"),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
            dir: tempfile::tempdir().unwrap(),
        };
        let key_file = cluster.key_file();
        let key_file = key_file.to_str().unwrap();
        cluster.launch(
            "gateway",
            &["gateway", "--listen", &listen, "--first-key-file", key_file],
        );
        cluster.launch("scheduler", &["scheduler"]);
        cluster.launch("standby", &["scheduler"]);
        for number in 1..=workers {
            cluster.launch(
                &format!("worker-{number}"),
                &["worker", "--concurrency", "2"],
            );
        }
        cluster.wait_until_ready().await;
        Some(cluster)
    }

    fn key_file(&self) -> PathBuf {
        self.dir.path().join("api-key")
    }

    /// The log of a role goes beside its data and is shown when the test fails.
    pub fn launch(&mut self, name: &str, arguments: &[&str]) {
        let arguments: Vec<_> = arguments.iter().map(|&text| text.to_owned()).collect();
        let process = self.spawn(name, &arguments);
        self.roles
            .insert(name.to_owned(), Role { arguments, process });
    }

    fn spawn(&self, name: &str, arguments: &[String]) -> Child {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.path().join(format!("{name}.log")))
            .unwrap();
        Command::new(env!("CARGO_BIN_EXE_scanyard"))
            .args(arguments)
            .env("SCANYARD_DATABASE_URL", &self.database_url)
            .env(
                "SCANYARD_NATS_URL",
                format!("nats://{}", self.wire.address()),
            )
            .env("SCANYARD_DATA_DIR", self.dir.path().join(name))
            .env("SCANYARD_DB", self.dir.path().join("no-advisories"))
            .env("SCANYARD_ALLOW_REGISTRY", "*")
            .env("SCANYARD_ALLOW_PRIVATE_REGISTRIES", "true")
            .env("SCANYARD_LOG", "info")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// SIGKILL, and a new process with the same arguments.
    pub fn kill_and_restart(&mut self, name: &str) {
        let mut role = self.roles.remove(name).unwrap();
        role.process.kill().unwrap();
        role.process.wait().unwrap();
        role.process = self.spawn(name, &role.arguments);
        self.roles.insert(name.to_owned(), role);
    }

    /// SIGTERM; the exit code.
    pub fn terminate(&mut self, name: &str) -> Option<i32> {
        let mut role = self.roles.remove(name).unwrap();
        let pid = role.process.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        role.process.wait().unwrap().code()
    }

    /// As [`Self::terminate`], then a new process: a rolling restart of one.
    pub fn terminate_and_restart(&mut self, name: &str) {
        let arguments = self.roles[name].arguments.clone();
        assert_eq!(self.terminate(name), Some(0), "{name} ends well");
        let process = self.spawn(name, &arguments);
        self.roles
            .insert(name.to_owned(), Role { arguments, process });
    }

    async fn wait_until_ready(&self) {
        self.until("the gateway is ready", async || {
            let answer = self
                .http
                .get(format!("{}/readyz", self.server))
                .send()
                .await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Waits for a condition; shows the logs when it does not come.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition().await {
            if Instant::now() > deadline {
                self.show_logs();
                panic!("waited too long: {what}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn show_logs(&self) {
        for name in self.roles.keys() {
            let log = std::fs::read_to_string(self.dir.path().join(format!("{name}.log")));
            let log = log.unwrap_or_default();
            let from = log.len().saturating_sub(4000);
            eprintln!("---- {name}\n{}", log.get(from..).unwrap_or(&log));
        }
    }

    /// One request, again and again while the gateway or what it stands on is away.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Value {
        let api_key = std::fs::read_to_string(self.key_file()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let url = format!("{}{path}", self.server);
            let mut request = self
                .http
                .request(method.clone(), url)
                .bearer_auth(api_key.trim());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let mut told = String::new();
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    if let Ok(value) = answer.json().await {
                        return value;
                    }
                }
                Ok(answer) => {
                    let status = answer.status();
                    told = answer.text().await.unwrap_or_default();
                    let is_away =
                        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    assert!(is_away, "{path}: {status} {told}");
                }
                Err(error) => told.push_str(&error.to_string()),
            }
            if Instant::now() > deadline {
                self.show_logs();
                panic!("{path} is not answered: {told}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, &[], None).await
    }

    /// Submits an image until the gateway has accepted it; the scan's id.
    pub async fn submit(&self, reference: &str, lane: &str, key: &str) -> String {
        let body = serde_json::json!({ "reference": reference, "lane": lane });
        self.submit_as(&body, &[("idempotency-key", key)]).await
    }

    /// Submits a scan with these headers; its id.
    pub async fn submit_as(&self, body: &Value, headers: &[(&str, &str)]) -> String {
        let scan = self
            .ask(Method::POST, "/v1/scans", headers, Some(body))
            .await;
        scan["id"].as_str().unwrap().to_owned()
    }

    /// Submits many, some at a time; their ids in order.
    pub async fn submit_all(&self, references: &[String], lane: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for (chunk, some) in references.chunks(16).enumerate() {
            let mut submitting = Vec::new();
            for (index, reference) in some.iter().enumerate() {
                let key = format!("{lane}-{chunk}-{index}");
                submitting.push(async move { self.submit(reference, lane, &key).await });
            }
            ids.extend(futures_util::future::join_all(submitting).await);
        }
        ids
    }

    /// Every scan by its id, through all pages.
    pub async fn scans(&self) -> HashMap<String, Value> {
        let scans = self.list("/v1/scans").await;
        let by_id = |scan: Value| (scan["id"].as_str().unwrap().to_owned(), scan);
        scans.into_iter().map(by_id).collect()
    }

    /// The items of a list, through all pages.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=500{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// How many scans are in a state that does not change any more.
    pub async fn count_ended(&self) -> usize {
        self.scans()
            .await
            .values()
            .filter(|scan| has_ended(scan))
            .count()
    }
}

/// Whether nothing about the scan will change.
pub fn has_ended(scan: &Value) -> bool {
    matches!(
        scan["state"].as_str(),
        Some("done" | "failed" | "cancelled")
    )
}
