//! Who we are to a registry: credentials, and the tokens that they buy.

use std::collections::HashMap;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::Credentials;

/// What a registry asks for in `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from this address, for this service and scope.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

/// Reads a `WWW-Authenticate` header (RFC 9110 section 11.6.1).
pub fn parse_challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = parameters(rest);
    Some(Challenge::Bearer {
        realm: parameters.remove("realm")?,
        service: parameters.remove("service"),
        scope: parameters.remove("scope"),
    })
}

/// `key="value",key=value`; commas may stand inside quotes.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text;
    while let Some((key, tail)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        found.insert(key, value.trim().to_owned());
        rest = tail;
    }
    found
}

/// Credentials from docker's config.json or the helper that it names.
pub async fn docker_credentials(registry: &str) -> Option<Credentials> {
    let server = match registry {
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        other => other.to_owned(),
    };
    let found =
        tokio::task::spawn_blocking(move || docker_credential::get_credential(&server)).await;
    match found.ok()? {
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Some(Credentials { username, password })
        }
        Ok(DockerCredential::IdentityToken(token)) => Some(Credentials {
            username: "<token>".into(),
            password: token,
        }),
        Err(
            CredentialRetrievalError::NoCredentialConfigured
            | CredentialRetrievalError::ConfigNotFound,
        ) => None,
        Err(error) => {
            tracing::warn!(%registry, %error, "docker's credentials cannot be read; going on without");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_with_commas_in_their_quotes() {
        let header = r#"Bearer realm="https://auth.example.com/token",service="r.example.com",scope="repository:a/b:pull,push""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.example.com/token".into(),
            service: Some("r.example.com".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        assert_eq!(parse_challenge(header), Some(expected));
        assert_eq!(parse_challenge("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(parse_challenge("Digest realm=\"x\""), None);
    }
}
