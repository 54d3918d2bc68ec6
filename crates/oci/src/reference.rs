//! Image references by Docker's rules: `[registry/]repository[:tag][@digest]`.

use std::fmt;
use std::str::FromStr;

use scanyard_package::{Digest, InvalidDigest};

const DOCKER_HUB: &str = "docker.io";
const MAX_NAME: usize = 255;

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
        is_loopback(&self.registry)
    }

    /// What has the same name at another registry.
    pub fn at(&self, host: &RegistryHost) -> Self {
        Self {
            registry: host.0.clone(),
            ..self.clone()
        }
    }
}

/// A registry by itself: `registry.test:5000`, `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegistryHost(String);

impl RegistryHost {
    /// Host and port, as references have them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RegistryHost {
    type Err = InvalidReference;

    /// Only what a reference would take for a registry is one.
    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let any = format!("{text}/repository");
        let reason = match split_registry(&any) {
            (host, "repository") => match check_registry(host) {
                Ok(()) => return Ok(Self(host.to_owned())),
                Err(reason) => reason,
            },
            _ => "it is not a registry: a host with a dot or a port",
        };
        Err(InvalidReference {
            reference: text.chars().take(256).collect(),
            reason,
        })
    }
}

fn is_loopback(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
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
    if text.contains("://") {
        return Err("it is an address; leave out what stands before ://");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
        None => (text, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains(['/', ']']) => (name, Some(parse_tag(tag)?)),
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
    if registry.len() + 1 + repository.len() > MAX_NAME {
        return Err("registry and repository are longer than 255 characters");
    }
    let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
    Ok(Reference {
        registry: registry.to_owned(),
        repository,
        tag,
        digest,
    })
}

fn parse_digest(digest: &str) -> Result<Digest, &'static str> {
    digest.parse().map_err(|error| match error {
        InvalidDigest::Algorithm(_) => "its digest is not of sha256, the only algorithm in use",
        InvalidDigest::Format => "its digest is not sha256: and 64 lower-case hexadecimal digits",
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

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
fn check_registry(registry: &str) -> Result<(), &'static str> {
    const WRONG: &str = "the registry is not a host with an optional port";
    let (is_host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(WRONG)?;
            (address.parse::<std::net::Ipv6Addr>().is_ok(), port)
        }
        None => {
            let (host, port) = registry.split_at(registry.find(':').unwrap_or(registry.len()));
            (host.split('.').all(is_label), port)
        }
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    if is_host && is_port {
        Ok(())
    } else {
        Err(WRONG)
    }
}

fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(inner)
}

fn check_repository(repository: &str) -> Result<(), &'static str> {
    let repository_only = repository.strip_prefix("library/").unwrap_or(repository);
    if repository_only.is_empty() {
        return Err("the repository is missing");
    }
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("repositories are lower case");
    }
    if !repository.split('/').all(is_component) {
        return Err("a repository is lower-case letters, digits, and . _ - between them");
    }
    Ok(())
}

/// Letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let edges = [bytes.first(), bytes.last()];
    edges.into_iter().all(|edge| edge.is_some_and(|b| word(*b)))
        && component
            .split(|c: char| c.is_ascii() && word(c as u8))
            .all(|between| {
                matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
            })
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
            ("[::1]/a", "[::1]/a:latest".to_owned()),
            (
                "localhost:5000",
                "docker.io/library/localhost:5000".to_owned(),
            ),
            (
                "docker.io/alpine",
                "docker.io/library/alpine:latest".to_owned(),
            ),
            (
                "registry-1.docker.io/alpine:3",
                "docker.io/library/alpine:3".to_owned(),
            ),
            ("ghcr.io/a/b", "ghcr.io/a/b:latest".to_owned()),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), expected);
        }
        let pinned: Reference = format!("ghcr.io/a/b@{digest}").parse().unwrap();
        assert_eq!((pinned.tag(), pinned.manifest()), (None, digest));
    }

    #[test]
    fn a_reference_may_have_tag_and_digest() {
        let text = format!("ghcr.io/a/b:1@sha256:{}", "a".repeat(64));
        let both: Reference = text.parse().unwrap();
        assert_eq!(both.to_string(), text);
        assert_eq!(both.tag(), Some("1"));
        assert!(both.manifest().starts_with("sha256:"));
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        let long = "a/".repeat(127) + "aa";
        let texts = [
            "",
            "a//b",
            "a:",
            "a:-x",
            "a@sha256:12",
            "-a",
            "a-",
            "a/../b",
            "a..b",
            "a___b",
            "a._b",
            "host:99/",
            "host:x/a",
            "host:99999/a",
            "-host.com/a",
            "[::1/a",
            "[::x]:5000/a",
            "a b",
            "a/b/",
            "/a",
            "a@",
            "é",
            "a@sha512:00",
            ":1",
            "@sha256:",
            "host.com/",
            &long,
        ];
        for text in texts {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn separators_are_docker_s() {
        for text in ["a_b", "a__b", "a---b", "a.b", "a/b-c_d.e"] {
            assert!(text.parse::<Reference>().is_ok(), "{text}");
        }
    }

    #[test]
    fn refusals_say_why() {
        let cases = [
            ("Alpine", "lower case"),
            ("MyOrg/app", "lower case"),
            ("ghcr.io/Team/app", "lower case"),
            ("https://ghcr.io/a/b", "leave out"),
            ("ghcr.io:port/a", "host"),
            ("a@sha512:00", "sha256"),
        ];
        for (text, word) in cases {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        let is_loopback = |text: &str| text.parse::<Reference>().unwrap().is_loopback();
        for text in [
            "localhost:5000/a",
            "127.0.0.1:5000/a",
            "[::1]:5000/a",
            "[::1]/a",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "127.0.0.1.example.com/a",
            "localhost.example.com/a",
            "[2001:db8::1]/a",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_parses_reads_back_as_written(text in "[a-z0-9:/@._\\-\\[\\]]{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().unwrap();
                proptest::prop_assert_eq!(again, reference);
            }
        }
    }
}
