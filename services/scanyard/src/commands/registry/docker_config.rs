//! Credentials in a `config.json` of Docker.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::exit::Failure;

/// The name under which Docker keeps credentials of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What a file holds.
pub struct DockerConfig {
    /// Credentials by host, as the service takes them.
    pub credentials: BTreeMap<String, Value>,
    /// Hosts whose credentials a helper keeps.
    pub without: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: String,
    identitytoken: String,
}

/// Reads a file.
pub fn read_docker_config(text: &str) -> Result<DockerConfig, Failure> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        let message = format!("the file is no config.json of Docker: {error}");
        Failure::new(message, "name the file that `docker login` writes")
    })?;
    let mut found = DockerConfig {
        credentials: BTreeMap::new(),
        without: Vec::new(),
    };
    for (server, entry) in file.auths {
        let host = host_of(&server);
        match credentials(&entry) {
            Some(credentials) => {
                found.credentials.insert(host, credentials);
            }
            None => found.without.push(host),
        }
    }
    Ok(found)
}

fn host_of(server: &str) -> String {
    if server == DOCKER_HUB {
        return "docker.io".to_owned();
    }
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

fn credentials(entry: &Entry) -> Option<Value> {
    if !entry.identitytoken.is_empty() {
        return Some(json!({"kind": "token", "token": entry.identitytoken}));
    }
    let decoded = STANDARD.decode(entry.auth.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (username, password) = decoded.split_once(':')?;
    let is_whole = !username.is_empty() && !password.is_empty();
    is_whole.then(|| json!({"kind": "basic", "username": username, "password": password}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_read_and_what_a_helper_keeps_is_told() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "YWRhOnBhc3M6d29yZA=="},
            "ghcr.io": {"auth": "YWRhOg==", "identitytoken": "t0"},
            "quay.io": {}
        }, "credsStore": "desktop"}"#;
        let found = read_docker_config(text).unwrap();
        assert_eq!(found.credentials["docker.io"]["password"], "pass:word");
        assert_eq!(found.credentials["ghcr.io"]["kind"], "token");
        assert_eq!(found.without, ["quay.io"]);
        assert!(read_docker_config("3").is_err());
    }
}
