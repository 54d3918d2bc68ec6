//! Image references by Docker's rules: `[registry/]repository[:tag][@digest]`.

use std::fmt;
use std::str::FromStr;

use scanyard_package::Digest;

const DOCKER_HUB: &str = "docker.io";

/// A reference, completed: `alpine` is `docker.io/library/alpine:latest`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reference:?} is not an image reference: {reason}")]
pub struct InvalidReference {
    /// The text, shortened.
    pub reference: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Reference {
    /// The registry's host and port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` where neither tag nor digest was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference has one. It wins over the tag.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What manifests are asked for by: the digest, or else the tag.
    pub fn manifest(&self) -> String {
        match self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag.clone().unwrap_or_else(|| "latest".to_owned()),
        }
    }

    /// Whether the registry is on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        parse(text).map_err(|reason| InvalidReference {
            reference: text.chars().take(256).collect(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (
            rest,
            Some(
                digest
                    .parse()
                    .map_err(|_| "the digest is not sha256: and 64 digits")?,
            ),
        ),
        None => (text, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(parse_tag(tag)?)),
        _ => (rest, None),
    };
    let (registry, repository) = split_registry(name);
    check_registry(registry)?;
    let official = registry == DOCKER_HUB && !repository.contains('/');
    let repository = if official {
        format!("library/{repository}")
    } else {
        repository.to_owned()
    };
    check_repository(&repository)?;
    let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
    Ok(Reference {
        registry: registry.to_owned(),
        repository,
        tag,
        digest,
    })
}

/// The first component is a registry when it looks like a host: a dot, a port, or `localhost`.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            let hub = matches!(
                first,
                "index.docker.io" | "registry-1.docker.io" | DOCKER_HUB
            );
            (if hub { DOCKER_HUB } else { first }, rest)
        }
        _ => (DOCKER_HUB, name),
    }
}

fn check_registry(registry: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if registry.len() > 255 || !registry.chars().all(allowed) {
        return Err("the registry is not a host with an optional port");
    }
    Ok(())
}

fn check_repository(repository: &str) -> Result<(), &'static str> {
    if repository.is_empty() || repository.len() > 255 {
        return Err("the repository is empty or longer than 255 characters");
    }
    let valid = |component: &str| {
        let edge =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        edge(component.chars().next())
            && edge(component.chars().last())
            && component.chars().all(inner)
    };
    if !repository.split('/').all(valid) {
        return Err("a repository is lower-case letters, digits, and . _ - between them");
    }
    Ok(())
}

fn parse_tag(tag: &str) -> Result<String, &'static str> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let first = tag
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    if !first || tag.len() > 128 || !tag.chars().all(valid) {
        return Err("a tag is up to 128 letters, digits, and . _ -");
    }
    Ok(tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed_as_docker_does() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let cases = [
            ("alpine", "docker.io/library/alpine:latest".to_owned()),
            ("alpine:3.18", "docker.io/library/alpine:3.18".to_owned()),
            ("team/app", "docker.io/team/app:latest".to_owned()),
            (
                "index.docker.io/team/app",
                "docker.io/team/app:latest".to_owned(),
            ),
            ("localhost/app", "localhost/app:latest".to_owned()),
            ("localhost:5000/a/b:c", "localhost:5000/a/b:c".to_owned()),
            ("[::1]:5000/a:1", "[::1]:5000/a:1".to_owned()),
            ("ghcr.io/a/b", "ghcr.io/a/b:latest".to_owned()),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), expected);
        }
        let pinned: Reference = format!("ghcr.io/a/b@{digest}").parse().unwrap();
        assert_eq!((pinned.tag(), pinned.manifest()), (None, digest));
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        for text in [
            "",
            "Alpine",
            "a//b",
            "a:",
            "a:-x",
            "a@sha256:12",
            "-a",
            "a/../b",
            "host:99/",
            "a b",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for text in ["localhost:5000/a", "127.0.0.1:5000/a", "[::1]:5000/a"] {
            assert!(text.parse::<Reference>().unwrap().is_loopback(), "{text}");
        }
        assert!(
            !"127.0.0.1.example.com/a"
                .parse::<Reference>()
                .unwrap()
                .is_loopback()
        );
    }
}
