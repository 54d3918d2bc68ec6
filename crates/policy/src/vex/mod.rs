//! VEX: what others say of flaws in products. Three formats come in and are one afterwards.
//!
//! A document may hold a hundred thousand statements, so they are found by vulnerability and product,
//! and never gone through for a finding.

mod budget;
mod csaf;
mod cyclonedx;
mod index;
mod openvex;
mod write_openvex;

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scanyard_package::Digest;
use scanyard_report::StatementStatus;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use index::ImageNames;
pub use index::VexIndex;
pub use write_openvex::{OpenVexOptions, openvex_of_waivers};

use crate::purl::PurlPattern;
use budget::{Budget, MAX_PLACES};

/// Largest document, in bytes.
pub const MAX_VEX: usize = 64 << 20;
/// Longest text that is kept of a statement.
const MAX_TEXT: usize = 2000;

/// Longest time that is read.
const MAX_MOMENT: usize = 64;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexDocument {
    /// The document's id, by whoever wrote it.
    pub id: String,
    /// Who says so.
    pub author: Option<String>,
    /// Which format it has.
    pub format: VexFormat,
    /// What it says.
    pub statements: Vec<VexStatement>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VexFormat {
    /// OpenVEX.
    OpenVex,
    /// CSAF 2, profile VEX.
    Csaf,
    /// CycloneDX.
    CycloneDx,
}

impl VexFormat {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenVex => "openvex",
            Self::Csaf => "csaf",
            Self::CycloneDx => "cyclonedx",
        }
    }
}

/// What is said of a vulnerability in some products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexStatement {
    /// The vulnerability's ids.
    pub vulnerabilities: Vec<String>,
    /// What is said.
    pub status: StatementStatus,
    /// Why they are not affected, as one word.
    pub justification: Option<String>,
    /// Why, for people.
    pub detail: Option<String>,
    /// When it was said, RFC 3339 as written: of several the last counts.
    pub timestamp: String,
    /// The products.
    pub products: Vec<Product>,
}

/// A product, or parts of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// What names it.
    pub ids: Vec<ProductId>,
    /// The parts of it that are meant; the whole of it without.
    pub parts: Vec<PurlPattern>,
}

/// A name of a product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProductId {
    /// A purl, of a package or of an image.
    Purl(PurlPattern),
    /// An image's digest.
    Digest(Digest),
}

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVex {
    /// It is larger than is read.
    #[error("the document is larger than {} MiB", MAX_VEX >> 20)]
    TooLarge,
    /// It is no JSON, or not of the form that it claims.
    #[error("the document cannot be read: {0}")]
    Malformed(String),
    /// It is JSON of another kind.
    #[error("the document is none of OpenVEX, CSAF VEX and CycloneDX with `vulnerabilities`")]
    UnknownFormat,
    /// Its statements become more than is kept.
    #[error(
        "the document's statements are about more products than are read: {MAX_PLACES} at most"
    )]
    TooManyProducts,
}

/// What tells formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    #[serde(rename = "@context")]
    context: Option<Value>,
    bom_format: Option<String>,
    document: Option<serde::de::IgnoredAny>,
    /// In-toto.
    predicate: Option<Box<serde_json::value::RawValue>>,
    /// DSSE.
    payload: Option<String>,
}

/// Envelopes in each other: a signed envelope, in it an attestation, in it the document.
const MAX_ENVELOPES: usize = 3;

impl VexDocument {
    /// Reads a document of any of the formats, alone or as the predicate of an in-toto attestation,
    /// in a DSSE envelope or not. Signatures are not looked at.
    pub fn parse(content: &[u8]) -> Result<Self, InvalidVex> {
        Self::parse_inner(content, MAX_ENVELOPES)
    }

    fn parse_inner(content: &[u8], envelopes: usize) -> Result<Self, InvalidVex> {
        if content.len() > MAX_VEX {
            return Err(InvalidVex::TooLarge);
        }
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let marks: Marks = read(content)?;
        let document = match marks {
            Marks {
                bom_format: Some(format),
                ..
            } if format == "CycloneDX" => cyclonedx::read(content)?,
            Marks {
                context: Some(context),
                ..
            } if is_openvex(&context) => openvex::read(content)?,
            Marks {
                document: Some(_), ..
            } => csaf::read(content)?,
            Marks {
                predicate: Some(predicate),
                ..
            } if envelopes > 0 => {
                return Self::parse_inner(predicate.get().as_bytes(), envelopes - 1);
            }
            Marks {
                payload: Some(payload),
                ..
            } if envelopes > 0 => {
                let payload = STANDARD.decode(payload.trim());
                let payload = payload.map_err(|error| InvalidVex::Malformed(error.to_string()))?;
                return Self::parse_inner(&payload, envelopes - 1);
            }
            _ => return Err(InvalidVex::UnknownFormat),
        };
        let mut budget = Budget::default();
        for statement in &document.statements {
            budget.spend_statement(statement)?;
        }
        Ok(document)
    }
}

fn is_openvex(context: &Value) -> bool {
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.contains("openvex.dev/ns"))
    };
    is(context) || context.as_array().is_some_and(|list| list.iter().any(is))
}

fn read<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, InvalidVex> {
    serde_json::from_slice(content).map_err(|error| InvalidVex::Malformed(error.to_string()))
}

/// The first of some texts that says anything, shortened.
fn first_text<'a>(texts: impl IntoIterator<Item = Option<&'a String>>) -> Option<String> {
    let mut said = texts
        .into_iter()
        .flatten()
        .filter(|text| !text.trim().is_empty());
    said.next()
        .map(|text| text.chars().take(MAX_TEXT).collect())
}

/// A time as it was written. What is longer than any time is none, and is not copied to statements.
fn moment(text: &str) -> String {
    match text.len() <= MAX_MOMENT {
        true => text.to_owned(),
        false => String::new(),
    }
}

impl ProductId {
    /// A purl or a digest, however it is written; `None` for what names nothing that we know.
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with("pkg:") {
            return PurlPattern::parse(text).map(Self::Purl);
        }
        let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
        Digest::from_str(digest).ok().map(Self::Digest)
    }
}

#[cfg(test)]
mod tests;
