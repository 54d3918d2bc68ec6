//! CycloneDX with `vulnerabilities` that are analysed: alone, or in a bill of materials.

use std::collections::HashMap;

use scanyard_report::StatementStatus;
use serde::Deserialize;

use super::budget::{Budget, places};
use super::{
    InvalidVex, Product, ProductId, VexDocument, VexFormat, VexStatement, first_text, moment,
    read as read_json,
};
use crate::purl::PurlPattern;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    serial_number: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    timestamp: String,
    component: Option<Component>,
    #[serde(default)]
    authors: Vec<Named>,
    supplier: Option<Named>,
    manufacturer: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    purl: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability {
    id: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affected>,
    #[serde(default)]
    updated: String,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    last_updated: String,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

pub(super) fn read(content: &[u8]) -> Result<VexDocument, InvalidVex> {
    let document: Document = read_json(content)?;
    let mut products: HashMap<String, ProductId> = HashMap::new();
    let root = document
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.component.as_ref());
    let mut components: Vec<&Component> = root.into_iter().chain(&document.components).collect();
    while let Some(component) = components.pop() {
        components.extend(&component.components);
        let product = component.purl.as_deref().and_then(ProductId::parse);
        if let (Some(reference), Some(product)) = (&component.bom_ref, product) {
            products.insert(reference.clone(), product);
        }
    }
    let dated = document
        .metadata
        .as_ref()
        .map(|metadata| moment(&metadata.timestamp));
    let dated = dated.unwrap_or_default();
    let mut budget = Budget::default();
    let mut statements = Vec::new();
    for vulnerability in &document.vulnerabilities {
        statements.extend(vulnerability.statement(&products, &dated, &mut budget)?);
    }
    Ok(VexDocument {
        statements,
        id: document
            .serial_number
            .unwrap_or_else(|| "CycloneDX without serial number".to_owned()),
        author: document.metadata.and_then(Metadata::author),
        format: VexFormat::CycloneDx,
    })
}

impl Metadata {
    fn author(self) -> Option<String> {
        let named = self
            .authors
            .into_iter()
            .chain(self.supplier)
            .chain(self.manufacturer);
        named.filter_map(|named| named.name).next()
    }
}

impl Vulnerability {
    /// `None` where nothing is said of it beyond that it was found.
    fn statement(
        &self,
        products: &HashMap<String, ProductId>,
        dated: &str,
        budget: &mut Budget,
    ) -> Result<Option<VexStatement>, InvalidVex> {
        let analysis = self.analysis.as_ref();
        let Some((analysis, status)) = analysis.and_then(|said| Some((said, said.status()?)))
        else {
            return Ok(None);
        };
        let others = self
            .references
            .iter()
            .filter_map(|reference| reference.id.as_ref());
        let vulnerabilities: Vec<String> = self.id.iter().chain(others).cloned().collect();
        let mut named = Vec::new();
        for affected in &self.affects {
            let Some(id) = product(&affected.reference, products) else {
                continue;
            };
            let product = Product {
                ids: vec![id],
                parts: Vec::new(),
            };
            budget.spend(places(&vulnerabilities, product.places()))?;
            named.push(product);
        }
        let timestamp = [&analysis.last_updated, &self.updated]
            .into_iter()
            .find(|text| !text.is_empty());
        Ok(Some(VexStatement {
            vulnerabilities,
            status,
            justification: analysis.justification.clone(),
            detail: first_text([analysis.detail.as_ref()]),
            timestamp: timestamp.map_or_else(|| dated.to_owned(), |text| moment(text)),
            products: named,
        }))
    }
}

impl Analysis {
    fn status(&self) -> Option<StatementStatus> {
        match self.state.as_deref()? {
            "not_affected" | "false_positive" => Some(StatementStatus::NotAffected),
            "resolved" | "resolved_with_pedigree" => Some(StatementStatus::Fixed),
            "exploitable" => Some(StatementStatus::Affected),
            "in_triage" => Some(StatementStatus::UnderInvestigation),
            _ => None,
        }
    }
}

/// A component of this document, or, as `urn:cdx:SERIAL/VERSION#REF`, of another, whose reference is
/// its purl if we are to know it.
fn product(reference: &str, products: &HashMap<String, ProductId>) -> Option<ProductId> {
    if let Some(known) = products.get(reference) {
        return Some(known.clone());
    }
    let named = match reference.strip_prefix("urn:cdx:") {
        Some(link) => link.split_once('#')?.1,
        None => reference,
    };
    if let Some(purl) = PurlPattern::parse(named) {
        return Some(ProductId::Purl(purl));
    }
    // Links have their fragment percent-encoded.
    let decoded = percent_decode(named)?;
    products
        .get(&decoded)
        .cloned()
        .or_else(|| ProductId::parse(&decoded))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let high = digit(rest.next())?;
        let low = digit(rest.next())?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
