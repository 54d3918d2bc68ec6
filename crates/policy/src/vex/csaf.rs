//! CSAF 2.0 and 2.1 with statuses of products, as its VEX profile demands.

use std::collections::HashMap;

use scanyard_report::StatementStatus;
use serde::Deserialize;

use super::budget::{Budget, places, text_places};
use super::{
    InvalidVex, Product, ProductId, VexDocument, VexFormat, VexStatement, first_text, moment,
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
    let products = products(document.product_tree)?;
    let tracking = document.document.tracking;
    let dated = tracking
        .as_ref()
        .map(|tracking| moment(&tracking.current_release_date));
    let dated = dated.unwrap_or_default();
    let mut budget = Budget::default();
    let mut statements = Vec::new();
    for vulnerability in &document.vulnerabilities {
        statements.extend(vulnerability.statements(&products, &dated, &mut budget)?);
    }
    Ok(VexDocument {
        statements,
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
fn products(tree: ProductTree) -> Result<HashMap<String, Product>, InvalidVex> {
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
    let mut budget = Budget::default();
    for relationship in tree.relationships {
        let part = products.get(&relationship.product_reference);
        let whole = products.get(&relationship.relates_to_product_reference);
        let own = relationship.full_product_name.product();
        let product = match own.ids.is_empty() {
            false => own,
            true => {
                let copied = [part, whole].into_iter().flatten().map(Product::places);
                budget.spend(copied.sum())?;
                part_of(part, whole)
            }
        };
        products.insert(relationship.full_product_name.product_id, product);
    }
    Ok(products)
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
    fn statements(
        &self,
        products: &HashMap<String, Product>,
        dated: &str,
        budget: &mut Budget,
    ) -> Result<Vec<VexStatement>, InvalidVex> {
        let ids = self.cve.iter().chain(self.ids.iter().map(|id| &id.text));
        let vulnerabilities: Vec<String> = ids.cloned().collect();
        let flags = self.flags.iter().flat_map(|flag| {
            flag.product_ids
                .iter()
                .map(|id| (id.as_str(), flag.label.as_str()))
        });
        let flags: HashMap<&str, &str> = flags.collect();
        let impacts = self.threats.iter();
        let impacts = Details::of(impacts.filter(|threat| threat.category == "impact"));
        let actions = Details::of(&self.remediations);
        let mut statements = Vec::new();
        for (group, status) in STATUSES {
            let mut by_flag: HashMap<Option<&str>, Vec<&String>> = HashMap::new();
            for id in self.product_status.get(group).into_iter().flatten() {
                by_flag
                    .entry(flags.get(id.as_str()).copied())
                    .or_default()
                    .push(id);
            }
            let details = match status {
                StatementStatus::NotAffected => &impacts,
                _ => &actions,
            };
            for (flag, ids) in by_flag {
                let named = ids.iter().filter_map(|id| products.get(*id));
                let named: Vec<_> = named.filter(|product| !product.ids.is_empty()).collect();
                let detail = ids.first().and_then(|id| details.about(id));
                let copied = named.iter().map(|product| product.places()).sum();
                budget.spend(places(&vulnerabilities, copied))?;
                budget.spend(detail.as_deref().map_or(0, text_places))?;
                statements.push(VexStatement {
                    vulnerabilities: vulnerabilities.clone(),
                    status,
                    justification: flag.map(str::to_owned),
                    detail,
                    timestamp: dated.to_owned(),
                    products: named.into_iter().cloned().collect(),
                });
            }
        }
        Ok(statements)
    }
}

/// What is said of products, found by product: a document has as many texts as products.
struct Details<'a> {
    texts: Vec<&'a String>,
    /// By product, the first text that names it.
    named: HashMap<&'a str, usize>,
    /// The first text that names none, and is about all.
    general: Option<usize>,
}

impl<'a> Details<'a> {
    fn of(threats: impl IntoIterator<Item = &'a Threat>) -> Self {
        let mut details = Self {
            texts: Vec::new(),
            named: HashMap::new(),
            general: None,
        };
        let said = threats.into_iter();
        for threat in said.filter(|threat| !threat.details.trim().is_empty()) {
            let place = details.texts.len();
            details.texts.push(&threat.details);
            if threat.product_ids.is_empty() {
                details.general.get_or_insert(place);
            }
            for product in &threat.product_ids {
                details.named.entry(product).or_insert(place);
            }
        }
        details
    }

    /// The first text about a product.
    fn about(&self, product: &str) -> Option<String> {
        let named = self.named.get(product).copied();
        let place = named.into_iter().chain(self.general).min()?;
        first_text([self.texts.get(place).copied()])
    }
}
