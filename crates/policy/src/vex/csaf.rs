//! CSAF 2.0 and 2.1 with statuses of products, as its VEX profile demands.

use std::collections::HashMap;

use scanyard_report::StatementStatus;
use serde::Deserialize;

use super::{
    InvalidVex, Product, ProductId, VexDocument, VexFormat, VexStatement, first_text,
    read as read_json,
};
use crate::purl::PurlPattern;

#[derive(Deserialize)]
struct Document {
    document: Head,
    #[serde(default)]
    product_tree: ProductTree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Head {
    publisher: Option<Publisher>,
    tracking: Option<Tracking>,
}

#[derive(Deserialize)]
struct Publisher {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Tracking {
    id: Option<String>,
    #[serde(default)]
    current_release_date: String,
}

#[derive(Deserialize, Default)]
struct ProductTree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<FullProductName>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<FullProductName>,
}

#[derive(Deserialize)]
struct FullProductName {
    product_id: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    purl: Option<String>,
    #[serde(default)]
    purls: Vec<String>,
}

#[derive(Deserialize)]
struct Relationship {
    product_reference: String,
    relates_to_product_reference: String,
    full_product_name: FullProductName,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<OtherId>,
    #[serde(default)]
    product_status: HashMap<String, Vec<String>>,
    #[serde(default)]
    flags: Vec<Flag>,
    #[serde(default)]
    threats: Vec<Threat>,
    #[serde(default)]
    remediations: Vec<Threat>,
}

#[derive(Deserialize)]
struct OtherId {
    text: String,
}

#[derive(Deserialize)]
struct Flag {
    label: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Threat {
    #[serde(default)]
    category: String,
    details: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

/// Groups of product statuses, and what each says. `recommended` and the like say nothing.
const STATUSES: [(&str, StatementStatus); 7] = [
    ("known_not_affected", StatementStatus::NotAffected),
    ("fixed", StatementStatus::Fixed),
    ("first_fixed", StatementStatus::Fixed),
    ("known_affected", StatementStatus::Affected),
    ("first_affected", StatementStatus::Affected),
    ("last_affected", StatementStatus::Affected),
    ("under_investigation", StatementStatus::UnderInvestigation),
];

pub(super) fn read(content: &[u8]) -> Result<VexDocument, InvalidVex> {
    let document: Document = read_json(content)?;
    let products = products(document.product_tree);
    let tracking = document.document.tracking;
    let dated = tracking
        .as_ref()
        .map(|tracking| tracking.current_release_date.clone());
    let dated = dated.unwrap_or_default();
    let statements = document
        .vulnerabilities
        .iter()
        .flat_map(|vulnerability| vulnerability.statements(&products, &dated));
    Ok(VexDocument {
        statements: statements.collect(),
        id: tracking
            .and_then(|tracking| tracking.id)
            .unwrap_or_else(|| "CSAF without id".to_owned()),
        author: document
            .document
            .publisher
            .and_then(|publisher| publisher.name),
        format: VexFormat::Csaf,
    })
}

/// The products of a tree by their ids. How deep branches lie in each other is bounded by the reader.
fn products(tree: ProductTree) -> HashMap<String, Product> {
    let mut products = HashMap::new();
    for name in tree.full_product_names {
        products.insert(name.product_id.clone(), name.product());
    }
    let mut branches = tree.branches;
    while let Some(branch) = branches.pop() {
        branches.extend(branch.branches);
        if let Some(name) = branch.product {
            products.insert(name.product_id.clone(), name.product());
        }
    }
    for relationship in tree.relationships {
        let part = products.get(&relationship.product_reference);
        let whole = products.get(&relationship.relates_to_product_reference);
        let own = relationship.full_product_name.product();
        let product = match own.ids.is_empty() {
            false => own,
            true => part_of(part, whole),
        };
        products.insert(relationship.full_product_name.product_id, product);
    }
    products
}

/// A part of an image means this part in this image alone; that of anything else, such as a distro's
/// release, means the part: its purl says of which release it is.
fn part_of(part: Option<&Product>, whole: Option<&Product>) -> Product {
    let Some(part) = part else {
        return Product::default();
    };
    let is_image = |id: &ProductId| match id {
        ProductId::Purl(purl) => purl.is_of_image(),
        ProductId::Digest(_) => true,
    };
    match whole {
        Some(whole) if whole.ids.iter().any(is_image) => {
            let purls = part.ids.iter().filter_map(|id| match id {
                ProductId::Purl(purl) => Some(purl.clone()),
                ProductId::Digest(_) => None,
            });
            let parts: Vec<PurlPattern> = purls.collect();
            match parts.is_empty() {
                true => Product::default(),
                false => Product {
                    ids: whole.ids.clone(),
                    parts,
                },
            }
        }
        _ => part.clone(),
    }
}

impl FullProductName {
    fn product(&self) -> Product {
        let helper = self.product_identification_helper.iter();
        let purls = helper.flat_map(|helper| helper.purl.iter().chain(&helper.purls));
        Product {
            ids: purls.filter_map(|purl| ProductId::parse(purl)).collect(),
            parts: Vec::new(),
        }
    }
}

impl Vulnerability {
    /// A statement for each status and justification.
    fn statements(&self, products: &HashMap<String, Product>, dated: &str) -> Vec<VexStatement> {
        let ids = self.cve.iter().chain(self.ids.iter().map(|id| &id.text));
        let vulnerabilities: Vec<String> = ids.cloned().collect();
        let flags = self.flags.iter().flat_map(|flag| {
            flag.product_ids
                .iter()
                .map(|id| (id.as_str(), flag.label.as_str()))
        });
        let flags: HashMap<&str, &str> = flags.collect();
        let mut statements = Vec::new();
        for (group, status) in STATUSES {
            let mut by_flag: HashMap<Option<&str>, Vec<&String>> = HashMap::new();
            for id in self.product_status.get(group).into_iter().flatten() {
                by_flag
                    .entry(flags.get(id.as_str()).copied())
                    .or_default()
                    .push(id);
            }
            for (flag, ids) in by_flag {
                let known = ids.iter().filter_map(|id| products.get(*id)).cloned();
                statements.push(VexStatement {
                    vulnerabilities: vulnerabilities.clone(),
                    status,
                    justification: flag.map(str::to_owned),
                    detail: self.detail(status, ids[0]),
                    timestamp: dated.to_owned(),
                    products: known.filter(|product| !product.ids.is_empty()).collect(),
                });
            }
        }
        statements
    }

    fn detail(&self, status: StatementStatus, product: &String) -> Option<String> {
        let about = |threat: &&Threat| {
            threat.product_ids.is_empty() || threat.product_ids.contains(product)
        };
        let impacts = self
            .threats
            .iter()
            .filter(|threat| threat.category == "impact")
            .filter(about);
        let actions = self.remediations.iter().filter(about);
        match status {
            StatementStatus::NotAffected => first_text(impacts.map(|threat| Some(&threat.details))),
            _ => first_text(actions.map(|action| Some(&action.details))),
        }
    }
}
