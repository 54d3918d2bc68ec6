//! The parts of a CSAF VEX document that are read: what products there are, and what is said of
//! them. Red Hat and SUSE publish one for each CVE.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use scanyard_package::Severity;
use serde::Deserialize;

use super::collect::{empty_record, summary};
use crate::osv::rate;
use crate::record::{Rating, Record};

/// Products within products that are followed: a package of a module of a repository has two.
const MAX_NESTING: usize = 6;

#[derive(Deserialize)]
pub(super) struct Csaf {
    document: Head,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    title: String,
    #[serde(default)]
    aggregate_severity: Option<Text>,
    tracking: Tracking,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Tracking {
    current_release_date: String,
    #[serde(default)]
    initial_release_date: Option<String>,
}

#[derive(Deserialize, Default)]
struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    #[serde(default)]
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize, Default, Clone)]
pub(super) struct Helper {
    #[serde(default)]
    pub(super) cpe: Option<String>,
    #[serde(default)]
    pub(super) purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: FullName,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct FullName {
    product_id: String,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability {
    #[serde(default)]
    pub(super) cve: Option<String>,
    #[serde(default)]
    pub(super) product_status: Status,
    #[serde(default)]
    pub(super) remediations: Vec<Remediation>,
    #[serde(default)]
    scores: Vec<Score>,
    #[serde(default)]
    threats: Vec<Threat>,
}

/// Product ids by what is said of them.
#[derive(Deserialize, Default)]
pub(super) struct Status {
    #[serde(default)]
    pub(super) fixed: Vec<String>,
    #[serde(default)]
    pub(super) first_fixed: Vec<String>,
    #[serde(default)]
    pub(super) recommended: Vec<String>,
    #[serde(default)]
    pub(super) known_affected: Vec<String>,
    #[serde(default)]
    pub(super) known_not_affected: Vec<String>,
    #[serde(default)]
    pub(super) under_investigation: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Remediation {
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) details: String,
    #[serde(default)]
    pub(super) product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Score {
    #[serde(default)]
    cvss_v2: Option<Vector>,
    #[serde(default)]
    cvss_v3: Option<Vector>,
    #[serde(default)]
    cvss_v4: Option<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    #[serde(default)]
    vector_string: String,
}

#[derive(Deserialize)]
struct Threat {
    #[serde(default)]
    category: String,
    #[serde(default)]
    details: String,
}

/// A product that something is said of: a component, in a module perhaps, of a platform.
pub(super) struct Component<'a> {
    /// The component's own product id.
    pub(super) id: &'a str,
    pub(super) helper: Option<&'a Helper>,
    /// The products that it is part of, the innermost first.
    pub(super) parents: Vec<(&'a str, Option<&'a Helper>)>,
}

impl<'a> Component<'a> {
    /// The product that everything else is part of.
    pub(super) fn platform(&self) -> Option<(&'a str, Option<&'a Helper>)> {
        self.parents.last().copied()
    }
}

/// The products of a document by their ids.
pub(super) struct Products<'a> {
    helpers: HashMap<&'a str, &'a Helper>,
    parts: HashMap<&'a str, (&'a str, &'a str)>,
}

impl Csaf {
    pub(super) fn products(&self) -> Products<'_> {
        let mut helpers = HashMap::new();
        let mut waiting: Vec<&Branch> = self.product_tree.branches.iter().collect();
        while let Some(branch) = waiting.pop() {
            waiting.extend(&branch.branches);
            if let Some(product) = &branch.product
                && let Some(helper) = &product.product_identification_helper
            {
                helpers.insert(product.product_id.as_str(), helper);
            }
        }
        let relationships = self.product_tree.relationships.iter();
        let parts = relationships
            .map(|relationship| {
                let id = relationship.full_product_name.product_id.as_str();
                let component = relationship.product_reference.as_str();
                let platform = relationship.relates_to_product_reference.as_str();
                (id, (component, platform))
            })
            .collect();
        Products { helpers, parts }
    }

    /// The vulnerability that the document is about. A VEX document is about one.
    pub(super) fn vulnerability(&self) -> Option<(&str, &Vulnerability)> {
        let vulnerability = self.vulnerabilities.first()?;
        Some((vulnerability.cve.as_deref()?, vulnerability))
    }

    /// A record of the document without what it says of products.
    pub(super) fn record(&self, feed: &str, id: &str) -> Result<Record, String> {
        let tracking = &self.document.tracking;
        let mut record = empty_record(feed, id);
        record.modified = time(&tracking.current_release_date)
            .ok_or_else(|| format!("no time: {:?}", tracking.current_release_date))?;
        record.published = tracking.initial_release_date.as_deref().and_then(time);
        record.summary = summary(&self.document.title);
        record.rating = self.rating();
        Ok(record)
    }

    fn rating(&self) -> Rating {
        let vectors = self
            .vulnerabilities
            .iter()
            .flat_map(|vulnerability| &vulnerability.scores)
            .flat_map(|score| [&score.cvss_v2, &score.cvss_v3, &score.cvss_v4])
            .flatten();
        let mut vectors: Vec<&str> = vectors
            .map(|vector| vector.vector_string.as_str())
            .collect();
        vectors.sort_unstable();
        vectors.dedup();
        rate(&vectors, self.word())
    }

    /// The publisher's own word: that on the impact, else that on the document.
    fn word(&self) -> Option<Severity> {
        let impact = self
            .vulnerabilities
            .iter()
            .flat_map(|vulnerability| &vulnerability.threats)
            .find(|threat| threat.category == "impact")
            .map(|threat| threat.details.as_str());
        let document = self.document.aggregate_severity.as_ref();
        let word = impact.or_else(|| Some(document?.text.as_str()))?;
        crate::osv::severity_of_word(word)
    }
}

impl<'a> Products<'a> {
    /// What a product id stands for; `None` if it is part of nothing, or of too much.
    pub(super) fn component(&self, id: &'a str) -> Option<Component<'a>> {
        let (component, mut parent) = *self.parts.get(id)?;
        let mut parents = Vec::new();
        for _ in 0..MAX_NESTING {
            match self.parts.get(parent) {
                Some((module, platform)) => {
                    parents.push((*module, self.helper(module)));
                    parent = platform;
                }
                None => {
                    parents.push((parent, self.helper(parent)));
                    return Some(Component {
                        id: component,
                        helper: self.helper(component),
                        parents,
                    });
                }
            }
        }
        None
    }

    fn helper(&self, id: &str) -> Option<&'a Helper> {
        self.helpers.get(id).copied()
    }
}

/// A qualifier of a purl, percent-decoded.
pub(super) fn purl_qualifier(purl: &str, key: &str) -> Option<String> {
    let (_, qualifiers) = purl.split_once('?')?;
    qualifiers
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| percent_decode(value))
}

/// Name and version of a purl, percent-decoded.
pub(super) fn purl_name(purl: &str) -> Option<(String, Option<String>)> {
    let path = purl.split('?').next()?.strip_prefix("pkg:")?;
    let last = path.rsplit('/').next()?;
    Some(match last.split_once('@') {
        Some((name, version)) => (percent_decode(name), Some(percent_decode(version))),
        None => (percent_decode(last), None),
    })
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        decoded.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
