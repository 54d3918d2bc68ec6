//! The parts of GitLab's schema that we write.

use serde::Serialize;

#[derive(Serialize)]
pub struct Document<'a> {
    pub version: &'a str,
    pub scan: Scan<'a>,
    pub vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
pub struct Scan<'a> {
    pub analyzer: Tool,
    pub scanner: Tool,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub start_time: &'a str,
    pub end_time: &'a str,
    pub status: &'a str,
    pub messages: Vec<Message>,
}

#[derive(Serialize)]
pub struct Tool {
    pub id: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    pub vendor: Name<'static>,
}

#[derive(Serialize)]
pub struct Name<'a> {
    pub name: &'a str,
}

#[derive(Serialize)]
pub struct Message {
    pub level: &'static str,
    pub value: String,
}

#[derive(Serialize)]
pub struct Vulnerability<'a> {
    pub id: String,
    pub name: String,
    pub description: String,
    pub severity: &'a str,
    pub solution: String,
    pub identifiers: Vec<Identifier<'a>>,
    pub links: Vec<Link>,
    pub location: Location<'a>,
}

#[derive(Serialize)]
pub struct Identifier<'a> {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: &'a str,
    pub value: &'a str,
    pub url: String,
}

#[derive(Serialize)]
pub struct Link {
    pub url: String,
}

#[derive(Serialize)]
pub struct Location<'a> {
    pub dependency: Dependency<'a>,
    pub operating_system: String,
    pub image: &'a str,
}

#[derive(Serialize)]
pub struct Dependency<'a> {
    pub package: Name<'a>,
    pub version: &'a str,
}
