//! When releases of distros stop being supported, as endoflife.date collects it.

use chrono::NaiveDate;
use serde::Deserialize;

/// The ends of releases, by product and release. Empty where no data was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lifecycles {
    /// When the collection was made, as published.
    pub(crate) date: Option<String>,
    /// In order of product and release.
    pub(crate) releases: Vec<ReleaseEnd>,
}

/// When one release ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReleaseEnd {
    pub(crate) product: String,
    pub(crate) release: String,
    /// When support for everybody ends.
    pub(crate) end: NaiveDate,
    /// When the support ends that is bought or given beyond that, where there is any.
    pub(crate) extended_end: Option<NaiveDate>,
}

#[derive(Deserialize)]
struct Collection {
    #[serde(default)]
    generated_at: Option<String>,
    result: Vec<Product>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    name: String,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    releases: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    #[serde(default)]
    name: String,
    #[serde(default)]
    eol_from: Option<String>,
    #[serde(default)]
    eoes_from: Option<String>,
}

impl Lifecycles {
    /// Reads the collection of all products as published. Only operating systems are kept.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let collection: Collection = serde_json::from_slice(json)?;
        let mut releases: Vec<ReleaseEnd> = collection
            .result
            .into_iter()
            .filter(|product| {
                product
                    .category
                    .as_deref()
                    .is_none_or(|category| category == "os")
            })
            .flat_map(|product| {
                let ends = product.releases.into_iter();
                let name = product.name;
                ends.filter_map(move |release| release_end(&name, release))
            })
            .collect();
        releases.sort();
        releases.dedup();
        Ok(Self {
            date: collection
                .generated_at
                .and_then(|text| text.get(..10).map(str::to_owned)),
            releases,
        })
    }
}

/// A release whose end nobody knows has none.
fn release_end(product: &str, release: Release) -> Option<ReleaseEnd> {
    Some(ReleaseEnd {
        product: product.to_owned(),
        end: date(release.eol_from.as_deref()?)?,
        extended_end: release.eoes_from.as_deref().and_then(date),
        release: release.name,
    })
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_operating_systems_are_kept_with_their_ends() {
        let json = br#"{"schema_version": "1.2.0", "generated_at": "2026-01-02T03:04:05+00:00", "result": [
            {"name": "ubuntu", "category": "os", "releases": [
              {"name": "24.04", "codename": "Noble Numbat", "isEol": false, "eolFrom": "2029-05-31",
               "isEoes": false, "eoesFrom": "2036-05-31"},
              {"name": "18.04", "isEol": true, "eolFrom": "2023-05-31", "eoesFrom": null}]},
            {"name": "debian", "category": "os", "releases": [{"name": "14", "eolFrom": null}]},
            {"name": "python", "category": "lang", "releases": [{"name": "3.8", "eolFrom": "2024-10-07"}]}]}"#;
        let lifecycles = Lifecycles::read(json).unwrap();
        assert_eq!(lifecycles.date.as_deref(), Some("2026-01-02"));
        let shown: Vec<_> = lifecycles
            .releases
            .iter()
            .map(|end| format!("{} {} {}", end.product, end.release, end.end))
            .collect();
        assert_eq!(
            shown,
            ["ubuntu 18.04 2023-05-31", "ubuntu 24.04 2029-05-31"]
        );
        assert_eq!(
            lifecycles.releases[1]
                .extended_end
                .map(|date| date.to_string()),
            Some("2036-05-31".to_owned())
        );
    }

    #[test]
    fn what_is_no_collection_is_refused() {
        assert!(Lifecycles::read(b"[]").is_err());
        assert!(Lifecycles::read(b"{\"result\": 3}").is_err());
    }
}
