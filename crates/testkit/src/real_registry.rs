//! The reference implementation of a registry, where the machine has it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scanyard_package::Digest;
use tempfile::TempDir;

use crate::layer::sha256;
use crate::port::reserve_port;
use crate::{Image, Index};

/// Longest wait for the registry to answer.
const START: Duration = Duration::from_secs(20);

/// `docker-registry` on a free port of this machine, storage in a directory of its own. It ends
/// when it is dropped.
pub struct RealRegistry {
    process: Child,
    address: String,
    http: reqwest::Client,
    user: Option<(String, String)>,
    _dir: TempDir,
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl RealRegistry {
    /// Starts one that everybody may use. `None`, and a word on standard error, where the program
    /// is not installed: `scripts/test-tools` does that.
    pub async fn start() -> Option<Self> {
        Self::start_with(None, "").await
    }

    /// Starts one that tells a webhook of pushes and deletions, with this `Authorization`.
    pub async fn start_telling(url: &str, authorization: &str) -> Option<Self> {
        let notifications = format!(
            "notifications: {{endpoints: [{{name: hook, url: '{url}', timeout: 2s, threshold: 3, \
             backoff: 1s, headers: {{Authorization: ['{authorization}']}}}}]}}\n"
        );
        Self::start_with(None, &notifications).await
    }

    /// Starts one for a user. Needs `htpasswd` too.
    pub async fn start_for(user: &str, password: &str) -> Option<Self> {
        Self::start_with(Some((user.to_owned(), password.to_owned())), "").await
    }

    async fn start_with(user: Option<(String, String)>, more: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = reserve_port();
        let address = format!("127.0.0.1:{port}");
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, \
             delete: {{enabled: true}}}}\nhttp: {{addr: '{address}'}}\n{more}",
            dir.path().join("data").display()
        );
        if let Some((user, password)) = &user {
            let file = dir.path().join("htpasswd");
            write_htpasswd(&file, user, password)?;
            config += &format!(
                "auth: {{htpasswd: {{realm: test, path: {}}}}}\n",
                file.display()
            );
        }
        let config_file = dir.path().join("config.yml");
        std::fs::write(&config_file, config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config_file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = process.map_err(|_| skip("docker-registry")).ok()?;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let registry = Self {
            process,
            address,
            http,
            user,
            _dir: dir,
        };
        registry.wait_until_it_answers().await;
        Some(registry)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A reference to a tag of this registry.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.address)
    }

    /// Uploads an image with its blobs.
    pub async fn push(&self, repository: &str, tag: &str, image: &Image) {
        for (digest, bytes) in image.blobs() {
            self.push_blob(repository, &digest, bytes).await;
        }
        self.push_manifest(repository, tag, &image.media_type(), image.manifest())
            .await;
    }

    /// Uploads an index with its images.
    pub async fn push_index(&self, repository: &str, tag: &str, index: &Index) {
        for image in index.images() {
            self.push(repository, &image.digest().to_string(), image)
                .await;
        }
        self.push_manifest(repository, tag, index.media_type(), index.manifest())
            .await;
    }

    /// Deletes a manifest or an index with its tags.
    pub async fn delete(&self, repository: &str, digest: &Digest) {
        let url = format!("http://{}/v2/{repository}/manifests/{digest}", self.address);
        self.send(self.http.delete(url)).await;
    }

    async fn push_blob(&self, repository: &str, digest: &Digest, bytes: Vec<u8>) {
        assert_eq!(sha256(&bytes), *digest);
        let url = format!("http://{}/v2/{repository}/blobs/uploads/", self.address);
        let begun = self.send(self.http.post(url)).await;
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        let separator = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{separator}digest={digest}");
        let request = self
            .http
            .put(url)
            .header("content-type", "application/octet-stream");
        self.send(request.body(bytes)).await;
    }

    async fn push_manifest(&self, repository: &str, name: &str, media_type: &str, bytes: Vec<u8>) {
        let url = format!("http://{}/v2/{repository}/manifests/{name}", self.address);
        let request = self.http.put(url).header("content-type", media_type);
        self.send(request.body(bytes)).await;
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let request = match &self.user {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        let response = request.send().await.unwrap();
        response.error_for_status().unwrap()
    }

    async fn wait_until_it_answers(&self) {
        let url = format!("http://{}/v2/", self.address);
        let begin = Instant::now();
        while self.http.get(&url).send().await.is_err() {
            assert!(
                begin.elapsed() < START,
                "docker-registry does not answer at {url}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn write_htpasswd(file: &Path, user: &str, password: &str) -> Option<()> {
    let made = Command::new("htpasswd")
        .args(["-Bbc"])
        .arg(file)
        .args([user, password])
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => Some(()),
        _ => {
            skip("htpasswd");
            None
        }
    }
}

fn skip(program: &str) {
    eprintln!("SKIPPED: {program} is not installed; scripts/test-tools installs it");
}
