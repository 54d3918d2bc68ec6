//! OpenVEX of waivers: what somebody accepts, told to those who read VEX.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::waiver::{PackagePattern, Waiver};

/// What a document says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVexOptions {
    /// Its id, an IRI.
    pub id: String,
    /// Who says so.
    pub author: String,
    /// When.
    pub now: DateTime<Utc>,
}

/// An OpenVEX 0.2.0 document of waivers that have not expired.
///
/// A waiver accepts a risk, so its statement is `affected`: that an image is not affected is a claim
/// that no waiver makes. Its action statement says who accepts it, why and until when. Waivers of
/// patterns of packages, or of none, name no product and are left out.
pub fn openvex_of_waivers(waivers: &[Waiver], options: &OpenVexOptions) -> Value {
    let holding = waivers
        .iter()
        .filter(|waiver| !waiver.has_expired(options.now));
    let statements: Vec<Value> = holding
        .filter_map(|waiver| statement(waiver, options))
        .collect();
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": options.id,
        "author": options.author,
        "timestamp": time(options.now),
        "version": 1,
        "tooling": concat!("Scanyard ", env!("CARGO_PKG_VERSION")),
        "statements": statements,
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn statement(waiver: &Waiver, options: &OpenVexOptions) -> Option<Value> {
    let products = products(waiver)?;
    let action = format!(
        "The risk is accepted by {} until {}: {}",
        waiver.owner,
        waiver.expires.format("%Y-%m-%d"),
        waiver.reason
    );
    Some(json!({
        "vulnerability": {"name": waiver.vulnerability},
        "timestamp": time(options.now),
        "products": products,
        "status": "affected",
        "action_statement": action,
        "action_statement_timestamp": time(options.now),
    }))
}

/// Images by name where the waiver is for some that have one, or else packages.
fn products(waiver: &Waiver) -> Option<Vec<Value>> {
    let purl = match &waiver.package {
        Some(PackagePattern::Purl(purl)) => Some(purl.text().to_owned()),
        Some(PackagePattern::Stars(_)) => return None,
        None => None,
    };
    let named = |repository: &String| !repository.contains(['*', '?']);
    let repositories = &waiver.scope.repositories;
    if repositories.is_empty() {
        return purl.map(|purl| vec![json!({"@id": purl})]);
    }
    let image = |repository: &String| {
        let name = repository
            .rsplit('/')
            .next()
            .unwrap_or(repository)
            .to_lowercase();
        let id = format!("pkg:oci/{name}?repository_url={repository}");
        match &purl {
            Some(purl) => json!({"@id": id, "subcomponents": [{"@id": purl}]}),
            None => json!({"@id": id}),
        }
    };
    let images: Vec<_> = repositories
        .iter()
        .filter(|name| named(name))
        .map(image)
        .collect();
    (!images.is_empty()).then_some(images)
}
