//! OpenVEX 0.2, and what 0.0.1 wrote otherwise.

use std::collections::BTreeMap;

use scanyard_report::StatementStatus;
use serde::Deserialize;

use super::{
    InvalidVex, Product, ProductId, VexDocument, VexFormat, VexStatement, first_text, moment,
    read as read_json,
};

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@id")]
    id: Option<String>,
    author: Option<String>,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    last_updated: String,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    last_updated: String,
    #[serde(default)]
    products: Vec<OneProduct>,
    status: String,
    status_notes: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    action_statement: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vulnerability {
    Id(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        name: Option<String>,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneProduct {
    Id(String),
    Full(Component),
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "@id")]
    id: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    subcomponents: Vec<OnePart>,
}

/// A part of a product has none itself, so that nothing nests.
#[derive(Deserialize)]
#[serde(untagged)]
enum OnePart {
    Id(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        #[serde(default)]
        identifiers: BTreeMap<String, String>,
    },
}

pub(super) fn read(content: &[u8]) -> Result<VexDocument, InvalidVex> {
    let document: Document = read_json(content)?;
    let dated = latest(&document.timestamp, &document.last_updated);
    let statements = document
        .statements
        .into_iter()
        .map(|statement| statement.read(&dated));
    Ok(VexDocument {
        id: document
            .id
            .unwrap_or_else(|| "OpenVEX without id".to_owned()),
        author: document.author,
        format: VexFormat::OpenVex,
        statements: statements.collect::<Result<_, _>>()?,
    })
}

fn latest(timestamp: &str, last_updated: &str) -> String {
    match last_updated.is_empty() {
        true => moment(timestamp),
        false => moment(last_updated),
    }
}

impl Statement {
    fn read(self, dated: &str) -> Result<VexStatement, InvalidVex> {
        let status = match self.status.as_str() {
            "not_affected" => StatementStatus::NotAffected,
            "fixed" => StatementStatus::Fixed,
            "affected" => StatementStatus::Affected,
            "under_investigation" => StatementStatus::UnderInvestigation,
            other => {
                return Err(InvalidVex::Malformed(format!(
                    "there is no status {other:?}"
                )));
            }
        };
        let own = latest(&self.timestamp, &self.last_updated);
        Ok(VexStatement {
            vulnerabilities: self.vulnerability.ids(),
            status,
            detail: first_text([
                self.impact_statement.as_ref(),
                self.action_statement.as_ref(),
                self.status_notes.as_ref(),
            ]),
            justification: self.justification,
            timestamp: if own.is_empty() {
                dated.to_owned()
            } else {
                own
            },
            products: self.products.into_iter().map(OneProduct::read).collect(),
        })
    }
}

impl Vulnerability {
    fn ids(self) -> Vec<String> {
        match self {
            // 0.0.1 has the id alone, others its address.
            Self::Id(id) => vec![last_part(&id)],
            Self::Full { id, name, aliases } => {
                let named = name.or_else(|| id.map(|id| last_part(&id)));
                named.into_iter().chain(aliases).collect()
            }
        }
    }
}

fn last_part(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

impl OneProduct {
    fn read(self) -> Product {
        match self {
            Self::Id(id) => Product {
                ids: ProductId::parse(&id).into_iter().collect(),
                parts: Vec::new(),
            },
            Self::Full(component) => {
                let names_parts = !component.subcomponents.is_empty();
                let hashes = component
                    .hashes
                    .iter()
                    .filter(|(kind, _)| kind.starts_with("sha-256") || kind.as_str() == "sha256");
                let digests = hashes.map(|(_, hash)| format!("sha256:{hash}"));
                let ids = component
                    .id
                    .into_iter()
                    .chain(component.identifiers.into_values())
                    .chain(digests);
                let parts: Vec<_> = component
                    .subcomponents
                    .into_iter()
                    .flat_map(OnePart::purls)
                    .collect();
                match names_parts && parts.is_empty() {
                    // Of the parts that it means we know none: it must not become the whole.
                    true => Product::default(),
                    false => Product {
                        ids: ids.filter_map(|id| ProductId::parse(&id)).collect(),
                        parts,
                    },
                }
            }
        }
    }
}

impl OnePart {
    fn purls(self) -> Vec<crate::purl::PurlPattern> {
        let ids: Vec<String> = match self {
            Self::Id(id) => vec![id],
            Self::Full { id, identifiers } => {
                id.into_iter().chain(identifiers.into_values()).collect()
            }
        };
        ids.iter()
            .filter_map(|id| crate::purl::PurlPattern::parse(id))
            .collect()
    }
}
