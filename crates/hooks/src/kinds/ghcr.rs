//! GitHub's container registry: webhooks of GitHub, signed.

use serde::Deserialize;

use crate::collect::{Collector, Draft, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "ghcr",
    title: "GitHub Packages",
    origin: Origin::Delivery,
    proofs: &[Proof::Signature {
        header: "x-hub-signature-256",
        prefix: "sha256=",
    }],
    read,
    settings,
};

/// Of `package` and `registry_package`, which tell the same under other names.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    action: String,
    #[serde(alias = "registry_package")]
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    package_type: Option<String>,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    package_version: Option<Version>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

#[derive(Deserialize)]
struct Version {
    /// The digest.
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    container_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    tag: Option<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    digest: Option<String>,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let payload: Payload = delivery.json()?;
    let mut events = Collector::default();
    let published = matches!(payload.action.as_str(), "published" | "updated");
    let container = |package: &Package| {
        let kind = package.package_type.as_deref().unwrap_or_default();
        kind.eq_ignore_ascii_case("container")
    };
    let package = payload
        .package
        .filter(|package| published && container(package));
    let Some((package, version)) = package.and_then(with_version) else {
        // A ping, or a package of another registry.
        events.ignore();
        return Ok(events.finish().into());
    };
    let owner = package.owner.map(|owner| owner.login);
    let owner = package.namespace.filter(|name| !name.is_empty()).or(owner);
    let owner = owner.ok_or_else(|| Unreadable("the package has no owner".to_owned()))?;
    let tag = version.container_metadata.and_then(|metadata| metadata.tag);
    let (name, digest) = tag.map_or((None, None), |tag| (tag.name, tag.digest));
    let digest = digest
        .filter(|digest| !digest.is_empty())
        .or(version.version);
    events.push(&Draft {
        id: delivery.header("x-github-delivery"),
        registry: Some("ghcr.io"),
        repository: &format!("{owner}/{}", package.name).to_lowercase(),
        tag: name.as_deref(),
        digest: digest.as_deref(),
        at: time(
            version
                .updated_at
                .as_deref()
                .or(version.created_at.as_deref()),
        ),
        ..Draft::default()
    })?;
    Ok(events.finish().into())
}

fn with_version(mut package: Package) -> Option<(Package, Version)> {
    let version = package.package_version.take()?;
    Some((package, version))
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "On GitHub: the organization or repository, Settings, Webhooks, Add webhook:".to_owned(),
        format!("Payload URL: {}", address.url),
        "Content type: application/json".to_owned(),
        format!("Secret: {}", address.secret),
        "Individual events: Packages, Registry packages".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    const HEADERS: [(&str, &str); 2] = [
        ("x-github-event", "registry_package"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    ];

    #[test]
    fn both_events_are_read() {
        let expected = "Push 72d3162e-cc78-11e3-81ab-4c9367dc0958 ghcr.io/acme/cart:1.4@aaaa 2024-03-09T14:44:26Z";
        let body = include_str!("../../fixtures/ghcr.json");
        assert_eq!(read("ghcr", &HEADERS, body), expected);
        let other = body.replace("registry_package", "package");
        assert_eq!(read("ghcr", &HEADERS, &other), expected);
    }

    #[test]
    fn an_image_without_a_tag_is_its_digest() {
        let body =
            include_str!("../../fixtures/ghcr.json").replace(r#""name": "1.4""#, r#""name": """#);
        assert!(read("ghcr", &HEADERS, &body).contains("ghcr.io/acme/cart@aaaa"));
    }

    #[test]
    fn pings_and_other_packages_are_ignored() {
        let body = include_str!("../../fixtures/ghcr.json").replace("CONTAINER", "npm");
        for body in [r#"{"zen":"Keep it logically awesome.","hook_id":1}"#, &body] {
            assert_eq!(read("ghcr", &HEADERS, body), "ignored 1");
        }
    }
}
