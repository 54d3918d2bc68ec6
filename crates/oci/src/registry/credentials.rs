//! Credentials as docker and podman keep them.

use std::collections::HashMap;
use std::path::PathBuf;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::helper;

/// Largest configuration that is read.
const MAX_FILE: u64 = 1 << 20;
/// What docker calls the user whose password is an identity token.
pub const IDENTITY_TOKEN_USER: &str = "<token>";

/// A user's name and password. With the name `<token>` the password is an identity token, as
/// docker's credential helpers have it. The password is never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A token that a registry takes as it is. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(pub String);

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken")
    }
}

/// The files that credentials are looked for in, first match wins: docker's `config.json` and
/// podman's `auth.json`, which have one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFiles(Vec<PathBuf>);

impl CredentialFiles {
    /// No files: what a service wants, whose tenants must not use the credentials of its machine.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// These files.
    pub fn at(files: Vec<PathBuf>) -> Self {
        Self(files)
    }

    /// Those of the user: `REGISTRY_AUTH_FILE`, docker's (`DOCKER_CONFIG` or the home directory),
    /// podman's.
    pub fn from_env() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dir = |name| set(name).map(PathBuf::from);
        let home = |path: &str| dir("HOME").map(|home| home.join(path));
        let docker = dir("DOCKER_CONFIG").or_else(|| home(".docker"));
        let config = dir("XDG_CONFIG_HOME").or_else(|| home(".config"));
        let files = [
            dir("REGISTRY_AUTH_FILE"),
            docker.map(|dir| dir.join("config.json")),
            dir("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json")),
            config.map(|dir| dir.join("containers/auth.json")),
        ];
        Self(files.into_iter().flatten().collect())
    }

    /// What they hold for a repository. A file or helper that fails is reported and passed over:
    /// the image may be public.
    pub(super) async fn find(&self, registry: &str, repository: &str) -> Option<Credentials> {
        for file in &self.0 {
            let config = match read(file.clone()).await {
                Ok(Some(config)) => config,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(file = %file.display(), %error, "credentials cannot be read; going on without");
                    continue;
                }
            };
            if let Some(found) = config.find(registry, repository).await {
                return Some(found);
            }
        }
        None
    }
}

async fn read(file: PathBuf) -> std::io::Result<Option<Config>> {
    use tokio::io::AsyncReadExt;
    let opened = match tokio::fs::File::open(file).await {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    opened.take(MAX_FILE).read_to_end(&mut bytes).await?;
    // The position of an error is safe to print, the text around it is not.
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let place = format!(
            "not valid at line {} column {}",
            error.line(),
            error.column()
        );
        std::io::Error::new(std::io::ErrorKind::InvalidData, place)
    })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

impl Config {
    async fn find(&self, registry: &str, repository: &str) -> Option<Credentials> {
        let named = self
            .cred_helpers
            .iter()
            .find(|(key, _)| normalize(key) == registry);
        if let Some((_, name)) = named {
            return helper::ask(name, registry).await;
        }
        if let Some(found) = self.inline(registry, repository) {
            return Some(found);
        }
        let store = self
            .creds_store
            .as_deref()
            .filter(|name| !name.is_empty())?;
        helper::ask(store, registry).await
    }

    /// The entry of the repository, of a path above it, or of the registry.
    fn inline(&self, registry: &str, repository: &str) -> Option<Credentials> {
        let mut name = format!("{registry}/{repository}");
        loop {
            let matching = self.auths.iter().filter(|(key, _)| normalize(key) == name);
            if let Some(found) = matching.filter_map(|(_, entry)| entry.read()).next() {
                return Some(found);
            }
            name.truncate(name.rfind('/')?);
        }
    }
}

/// Docker writes keys as addresses, podman as references: `https://index.docker.io/v1/` is
/// `docker.io`.
fn normalize(key: &str) -> String {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let key = key.trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    let (host, path) = key.split_at(key.find('/').unwrap_or(key.len()));
    match host {
        "index.docker.io" | "registry-1.docker.io" => format!("docker.io{path}"),
        _ => key.to_owned(),
    }
}

impl Entry {
    fn read(&self) -> Option<Credentials> {
        let filled = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(token) = filled(&self.identitytoken) {
            let username = IDENTITY_TOKEN_USER.to_owned();
            return Some(Credentials {
                username,
                password: token,
            });
        }
        if let Some(auth) = filled(&self.auth) {
            return decode(&auth);
        }
        let username = filled(&self.username)?;
        let password = filled(&self.password)?;
        Some(Credentials { username, password })
    }
}

/// `base64(name:password)`, padded or not; old writers end it with a zero byte.
fn decode(auth: &str) -> Option<Credentials> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, config)
        .decode(auth.trim())
        .ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (username, password) = pair.trim_end_matches('\0').split_once(':')?;
    Some(Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name:password`, or nothing, that a configuration holds for a repository.
    fn lookup(config: &str, registry: &str, repository: &str) -> Option<String> {
        let config: Config = serde_json::from_str(config).unwrap();
        let found = config.inline(registry, repository)?;
        Some(format!("{}:{}", found.username, found.password))
    }

    #[test]
    fn docker_hub_is_found_under_its_old_address() {
        let config = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "YW5uOnNlOmNyZXQ="}}}"#;
        let found = lookup(config, "docker.io", "library/alpine");
        assert_eq!(found.as_deref(), Some("ann:se:cret"));
        assert_eq!(lookup(config, "ghcr.io", "a/b"), None);
    }

    #[test]
    fn the_longest_path_of_podmans_keys_wins() {
        let config = r#"{"auths": {
            "r.example.com": {"username": "host", "password": "p"},
            "r.example.com/team": {"username": "team", "password": "p"},
            "r.example.com/team/app": {"username": "app", "password": "p"}}}"#;
        let user = |repository| lookup(config, "r.example.com", repository).unwrap();
        assert_eq!(user("team/app"), "app:p");
        assert_eq!(user("team/other"), "team:p");
        assert_eq!(user("else/app"), "host:p");
    }

    #[test]
    fn an_identity_token_comes_before_name_and_password() {
        let config = r#"{"auths": {"r.example.com": {"auth": "YTpi", "identitytoken": "t"}}}"#;
        assert_eq!(
            lookup(config, "r.example.com", "a").as_deref(),
            Some("<token>:t")
        );
    }

    #[test]
    fn empty_entries_of_a_credential_store_are_no_credentials() {
        let config = r#"{"auths": {"r.example.com": {}, "x": {"auth": "not base64!"}}}"#;
        assert_eq!(lookup(config, "r.example.com", "a"), None);
        assert_eq!(lookup(config, "x", "a"), None);
    }

    #[tokio::test]
    async fn files_that_are_missing_or_damaged_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("damaged"), r#"{"auths": {"r": {"auth": tru"#).unwrap();
        let good = r#"{"auths": {"r.example.com:5000": {"auth": "YTpi"}}}"#;
        std::fs::write(path("good"), good).unwrap();
        let files = CredentialFiles::at(vec![path("missing"), path("damaged"), path("good")]);
        let found = files.find("r.example.com:5000", "app").await.unwrap();
        assert_eq!(
            (found.username.as_str(), found.password.as_str()),
            ("a", "b")
        );
        assert!(!format!("{found:?}").contains("\"b\""));
    }
}
