//! The parts of the CycloneDX 1.6 schema that we write.

use std::borrow::Cow;

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bom<'a> {
    pub bom_format: &'a str,
    pub spec_version: &'a str,
    pub serial_number: String,
    pub version: u32,
    pub metadata: Metadata<'a>,
    pub components: Vec<Component<'a>>,
    pub compositions: [Composition<'a>; 1],
    pub vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
pub struct Metadata<'a> {
    pub timestamp: String,
    pub tools: Tools<'a>,
    pub component: Component<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
pub struct Tools<'a> {
    pub components: Vec<Component<'a>>,
}

#[derive(Serialize, Default)]
pub struct Component<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<&'a str>,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Licence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property<'a>>,
}

impl<'a> Component<'a> {
    pub fn new(kind: &'a str, name: &'a str) -> Self {
        Self {
            kind,
            name,
            ..Self::default()
        }
    }
}

#[derive(Serialize)]
pub struct Licence<'a> {
    pub expression: &'a str,
}

#[derive(Serialize)]
pub struct Evidence<'a> {
    pub occurrences: Vec<Occurrence<'a>>,
}

#[derive(Serialize)]
pub struct Occurrence<'a> {
    pub location: &'a str,
}

#[derive(Serialize)]
pub struct Property<'a> {
    pub name: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Property<'a> {
    pub fn new(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

#[derive(Serialize)]
pub struct Composition<'a> {
    pub aggregate: &'a str,
    pub assemblies: [&'a str; 1],
}

#[derive(Serialize)]
pub struct Vulnerability<'a> {
    pub id: &'a str,
    pub source: Source<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference<'a>>,
    pub ratings: Vec<Rating<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Analysis>,
    pub affects: Vec<Affects<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
pub struct Analysis {
    pub state: &'static str,
    pub detail: String,
}

#[derive(Serialize, PartialEq)]
pub struct Source<'a> {
    pub name: &'a str,
}

#[derive(Serialize)]
pub struct Reference<'a> {
    pub id: &'a str,
    pub source: Source<'a>,
}

#[derive(Serialize, PartialEq)]
pub struct Rating<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    pub severity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<&'a str>,
}

#[derive(Serialize)]
pub struct Affects<'a> {
    #[serde(rename = "ref")]
    pub package: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<AffectedVersion<'a>>,
}

#[derive(Serialize)]
pub struct AffectedVersion<'a> {
    pub version: &'a str,
    pub status: &'a str,
}
