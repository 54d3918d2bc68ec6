//! The artifact of a scan: what Harbor asks about, and what the scan remembers of it.

use axum::http::StatusCode;
use scanyard_oci::{Reference, RegistryHost};
use scanyard_package::Digest;
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::HarborError;

/// The artifact, as Harbor writes it and wants it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The repository within the registry.
    pub repository: String,
    /// The manifest's digest.
    pub digest: String,
    /// The tag, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The manifest's media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
}

impl Artifact {
    /// The artifact as a reference that can be pulled from the registry at this URL.
    pub fn reference(&self, registry: &str) -> Result<Reference, HarborError> {
        let host = host(registry)?;
        let digest: Digest = self
            .digest
            .parse()
            .map_err(|error| invalid(format!("artifact.digest: {error}")))?;
        let tag = self.tag.as_deref().filter(|tag| !tag.is_empty());
        let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let text = format!("{host}/{}{tag}@{digest}", self.repository);
        let reference: Result<Reference, _> = text.parse();
        reference.map_err(|error| invalid(format!("artifact: {error}")))
    }

    /// What a scan's reference says of its artifact.
    pub fn of_reference(reference: &Reference) -> Self {
        Self {
            repository: reference.repository().to_owned(),
            digest: reference
                .digest()
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            tag: reference.tag().map(str::to_owned),
            mime_type: None,
        }
    }
}

/// Host and port of a registry's URL.
fn host(url: &str) -> Result<RegistryHost, HarborError> {
    let wrong = || invalid("registry.url is none: a URL of http or https with a host is wanted");
    let url = Url::parse(url).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let host = url.host_str().ok_or_else(wrong)?;
    // A name without a dot is told from a repository by its port, which may go without saying.
    let text = match (url.port(), host.contains('.')) {
        (Some(port), _) => format!("{host}:{port}"),
        (None, true) => host.to_owned(),
        (None, false) => format!("{host}:{}", url.port_or_known_default().unwrap_or(443)),
    };
    let host: Result<RegistryHost, _> = text.parse();
    host.map_err(|error| invalid(format!("registry.url: {error}")))
}

/// A field that is there and cannot be.
pub fn invalid(message: impl Into<String>) -> HarborError {
    HarborError::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(tag: Option<&str>) -> Artifact {
        Artifact {
            repository: "library/app".to_owned(),
            digest: format!("sha256:{}", "a".repeat(64)),
            tag: tag.map(str::to_owned),
            mime_type: None,
        }
    }

    #[test]
    fn an_artifact_is_a_reference_and_back() {
        let cases = [
            ("https://core.harbor.domain", "core.harbor.domain"),
            ("http://core:8080", "core:8080"),
            ("http://harbor-core", "harbor-core:80"),
            ("https://h.test/", "h.test"),
        ];
        for (url, host) in cases {
            for tag in [None, Some("1.4")] {
                let artifact = artifact(tag);
                let reference = artifact.reference(url).unwrap();
                assert_eq!(reference.registry(), host, "{url}");
                assert_eq!(Artifact::of_reference(&reference), artifact);
            }
        }
    }

    #[test]
    fn what_names_no_artifact_is_refused() {
        for url in ["", "harbor", "ftp://h.test", "http://"] {
            assert!(artifact(None).reference(url).is_err(), "{url}");
        }
        let mut other = artifact(None);
        other.digest = "sha256:1".to_owned();
        assert!(other.reference("https://h.test").is_err());
        let mut other = artifact(Some("no tag"));
        assert!(other.reference("https://h.test").is_err());
        other = artifact(None);
        other.repository = "../x".to_owned();
        assert!(other.reference("https://h.test").is_err());
    }
}
