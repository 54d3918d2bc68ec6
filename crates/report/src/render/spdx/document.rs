//! The parts of the SPDX 2.3 schema that we write.

use serde::Serialize;

/// What SPDX wants where nothing is known.
pub const NO_ASSERTION: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    pub spdx_version: &'a str,
    pub data_license: &'a str,
    #[serde(rename = "SPDXID")]
    pub id: &'a str,
    pub name: &'a str,
    pub document_namespace: String,
    pub creation_info: CreationInfo<'a>,
    pub document_describes: [&'a str; 1],
    pub packages: Vec<Package<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub has_extracted_licensing_infos: Vec<ExtractedLicence>,
    pub relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation<'a>>,
}

#[derive(Serialize)]
pub struct CreationInfo<'a> {
    pub created: &'a str,
    pub creators: [&'a str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package<'a> {
    #[serde(rename = "SPDXID")]
    pub id: String,
    pub name: &'a str,
    #[serde(rename = "versionInfo", skip_serializing_if = "Option::is_none")]
    pub version: Option<&'a str>,
    pub download_location: &'a str,
    pub files_analyzed: bool,
    #[serde(rename = "licenseConcluded")]
    pub licence_concluded: &'a str,
    #[serde(rename = "licenseDeclared")]
    pub licence_declared: &'a str,
    pub copyright_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_package_purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_refs: Vec<ExternalRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl<'a> Package<'a> {
    pub fn new(id: impl Into<String>, name: &'a str, purpose: Option<&'a str>) -> Self {
        Self {
            id: id.into(),
            name,
            version: None,
            download_location: NO_ASSERTION,
            files_analyzed: false,
            licence_concluded: NO_ASSERTION,
            licence_declared: NO_ASSERTION,
            copyright_text: NO_ASSERTION,
            primary_package_purpose: purpose,
            checksums: Vec::new(),
            external_refs: Vec::new(),
            source_info: None,
            comment: None,
        }
    }
}

#[derive(Serialize)]
pub struct Checksum {
    pub algorithm: &'static str,
    #[serde(rename = "checksumValue")]
    pub value: String,
}

#[derive(Serialize)]
pub struct ExternalRef {
    #[serde(rename = "referenceCategory")]
    pub category: &'static str,
    #[serde(rename = "referenceType")]
    pub kind: &'static str,
    #[serde(rename = "referenceLocator")]
    pub locator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl ExternalRef {
    pub fn purl(purl: String) -> Self {
        Self {
            category: "PACKAGE-MANAGER",
            kind: "purl",
            locator: purl,
            comment: None,
        }
    }
}

#[derive(Serialize)]
pub struct Relationship {
    #[serde(rename = "spdxElementId")]
    pub from: String,
    #[serde(rename = "relationshipType")]
    pub kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    pub to: String,
}

#[derive(Serialize)]
pub struct ExtractedLicence {
    #[serde(rename = "licenseId")]
    pub id: String,
    #[serde(rename = "extractedText")]
    pub text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation<'a> {
    pub annotation_type: &'a str,
    pub annotator: &'a str,
    pub annotation_date: &'a str,
    pub comment: String,
}
