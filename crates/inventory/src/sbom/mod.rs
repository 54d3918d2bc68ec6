//! Software bills of materials as evidence: CycloneDX and SPDX 2 in JSON.
//!
//! A bill says what somebody else found, in the words of purls. What has no purl, or one of a type
//! that no cataloger of ours makes, is an unknown: it was listed and is not assessed.

mod collect;
mod cyclonedx;
mod spdx;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::layer::{FileEvidence, LayerInventory};

/// Where the evidence of a submitted bill of materials stands in its inventory.
const PLACE: &str = "sbom";

impl LayerInventory {
    /// The inventory of what a bill of materials describes, as if it were one layer.
    pub fn of_sbom(evidence: FileEvidence) -> Self {
        Self {
            files: BTreeMap::from([(PLACE.to_owned(), evidence)]),
            ..Self::default()
        }
    }
}

/// Attestations within attestations that are opened.
const MOST_ENVELOPES: usize = 2;

/// Why a document is no bill of materials that we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    /// It is JSON, or something else, of another kind.
    #[error("neither CycloneDX nor SPDX 2 in JSON")]
    UnknownFormat,
    /// It says that it is a bill of materials and does not read as one.
    #[error("not a valid {format} document: {detail}")]
    Malformed {
        /// `CycloneDX` or `SPDX`.
        format: &'static str,
        /// What is wrong, with line and column.
        detail: String,
    },
    /// A version of a format that we do not read.
    #[error("{0} is not read")]
    Version(String),
}

impl SbomError {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            SbomError::UnknownFormat => {
                "write the bill of materials as CycloneDX JSON or SPDX 2.3 JSON (syft -o cyclonedx-json, trivy --format cyclonedx)"
            }
            SbomError::Malformed { .. } => {
                "check that the file is complete, and validate it against its schema"
            }
            SbomError::Version(_) => "write it as CycloneDX JSON or SPDX 2.3 JSON",
        }
    }
}

/// What a document shows of itself before it is read whole.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "bomFormat", default)]
    bom_format: Option<String>,
    #[serde(rename = "spdxVersion", default)]
    spdx_version: Option<String>,
    #[serde(rename = "@context", default)]
    context: Option<serde_json::Value>,
    /// An attestation of in-toto holds the document as its predicate.
    #[serde(rename = "predicateType", default)]
    predicate_type: Option<String>,
    #[serde(borrow, default)]
    predicate: Option<&'a RawValue>,
}

/// Reads a bill of materials, bare or as the predicate of an in-toto statement.
///
/// # Errors
///
/// [`SbomError`] when the document is of another format or malformed. Single entries that cannot be
/// read are unknowns in the evidence.
pub fn catalog_sbom(content: &[u8]) -> Result<FileEvidence, SbomError> {
    let mut content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    for _ in 0..=MOST_ENVELOPES {
        let shape: Shape<'_> = match serde_json::from_slice(content) {
            Ok(shape) => shape,
            Err(error) => return Err(not_json(content, &error)),
        };
        if shape.bom_format.as_deref() == Some("CycloneDX") {
            return cyclonedx::read(content);
        }
        if let Some(version) = shape.spdx_version {
            return match version.starts_with("SPDX-2.") {
                true => spdx::read(content),
                false => Err(SbomError::Version(version)),
            };
        }
        match (shape.predicate_type, shape.predicate, shape.context) {
            (Some(_), Some(predicate), _) => content = predicate.get().as_bytes(),
            (_, _, Some(context)) if context.to_string().contains("spdx") => {
                return Err(SbomError::Version("SPDX 3".into()));
            }
            _ => break,
        }
    }
    Err(SbomError::UnknownFormat)
}

/// Names the format of a document that breaks off or is malformed by what stands near its start.
fn not_json(content: &[u8], error: &serde_json::Error) -> SbomError {
    let start = String::from_utf8_lossy(&content[..content.len().min(4096)]);
    let format = match () {
        () if !start.trim_start().starts_with('{') => return SbomError::UnknownFormat,
        () if start.contains("\"CycloneDX\"") => "CycloneDX",
        () if start.contains("\"spdxVersion\"") => "SPDX",
        () => return SbomError::UnknownFormat,
    };
    malformed(format, error)
}

fn malformed(format: &'static str, error: &serde_json::Error) -> SbomError {
    SbomError::Malformed {
        format,
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bill_of_materials_is_told_apart() {
        let error = |text: &str| catalog_sbom(text.as_bytes()).unwrap_err();
        assert_eq!(error("{}"), SbomError::UnknownFormat);
        assert_eq!(error("<bom/>"), SbomError::UnknownFormat);
        assert_eq!(error("[]"), SbomError::UnknownFormat);
        let three =
            r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}"#;
        assert_eq!(error(three), SbomError::Version("SPDX 3".into()));
        let cut = r#"{"bomFormat": "CycloneDX", "components": ["#;
        assert!(matches!(
            error(cut),
            SbomError::Malformed {
                format: "CycloneDX",
                ..
            }
        ));
        let wrong = r#"{"spdxVersion": "SPDX-2.3", "packages": 1}"#;
        assert!(matches!(
            error(wrong),
            SbomError::Malformed { format: "SPDX", .. }
        ));
    }

    #[test]
    fn an_attestation_is_opened() {
        let statement = r#"{"_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://cyclonedx.org/bom",
            "predicate": {"bomFormat": "CycloneDX", "components": [
                {"type": "library", "name": "a", "purl": "pkg:npm/a@1"}]}}"#;
        let evidence = catalog_sbom(statement.as_bytes()).unwrap();
        assert_eq!(evidence.packages.len(), 1);
    }

    #[test]
    fn attestations_in_attestations_come_to_an_end() {
        let mut text = "{}".to_owned();
        for _ in 0..50 {
            text = format!(r#"{{"predicateType": "x", "predicate": {text}}}"#);
        }
        assert_eq!(catalog_sbom(text.as_bytes()), Err(SbomError::UnknownFormat));
    }
}
