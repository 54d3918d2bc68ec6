//! What commands that ask a service about its fleet share.

use std::fmt;
use std::io::Write;

use anyhow::Context;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::submit::api_key;
use crate::cli::{AnswerFormat, SelectionArgs, ServiceArgs};
use crate::client::Client;
use crate::columns::number;

/// A client of the service that is named.
pub fn connect(service: &ServiceArgs) -> anyhow::Result<Client> {
    Client::new(&service.server, api_key(service.api_key_file.as_deref())?)
}

/// The form that was asked for; `--json` is short for one.
pub fn form(asked: AnswerFormat, service: &ServiceArgs) -> AnswerFormat {
    match service.json {
        true => AnswerFormat::Json,
        false => asked,
    }
}

/// A path and its parameters.
#[derive(Debug, Clone)]
pub struct Question {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Question {
    /// A question about a selection.
    pub fn new(path: &str, selection: &SelectionArgs) -> Self {
        Self {
            path: path.to_owned(),
            query: selection.query(),
        }
    }

    /// The same with another parameter.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    fn request(&self, client: &Client) -> anyhow::Result<RequestBuilder> {
        let request = client.request(Method::GET, &self.path)?;
        Ok(request.query(&self.query))
    }

    /// The answer.
    pub async fn ask<T: DeserializeOwned>(&self, client: &Client) -> anyhow::Result<T> {
        let answer = client.answer(self.request(client)?).await?;
        serde_json::from_value(answer).context("the answer is not what this version understands")
    }
}

/// Copies a list to standard output as it comes, however long it is.
pub async fn copy(client: &Client, question: Question, form: AnswerFormat) -> anyhow::Result<()> {
    let format = match form {
        AnswerFormat::Csv => "csv",
        _ => "ndjson",
    };
    let request = question.with("format", format).request(client)?;
    let mut output = std::io::stdout().lock();
    let written = client
        .stream(request, |chunk| output.write_all(chunk))
        .await?;
    match written.and_then(|()| output.flush()) {
        // `... | head` has read what it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// How many there are, and how that is known.
#[derive(Debug, Deserialize)]
pub struct Total {
    /// The number.
    pub count: u64,
    is: String,
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = number(self.count);
        match self.is.as_str() {
            "at_least" => write!(f, "{count}+"),
            "estimated" => write!(f, "~{count}"),
            _ => f.write_str(&count),
        }
    }
}

/// An image in a list.
#[derive(Debug, Deserialize)]
pub struct Image {
    /// Digest of its manifest.
    pub digest: String,
    #[serde(default)]
    repositories: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    /// Its distro.
    pub distro: Option<String>,
    /// What is in it.
    pub summary: Option<Summary>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    repository: String,
    name: String,
}

/// What is in an image, in numbers.
#[derive(Debug, Deserialize)]
pub struct Summary {
    /// Its findings.
    pub findings: Option<Findings>,
    /// Whether everything was assessed.
    pub complete: bool,
}

/// Findings by severity.
#[derive(Debug, Deserialize)]
pub struct Findings {
    /// How many are critical.
    pub critical: u64,
    /// How many are high.
    pub high: u64,
    /// How many are medium.
    pub medium: u64,
    /// How many are low.
    pub low: u64,
}

impl Image {
    /// By what people know it: a tag, or where it is.
    pub fn name(&self) -> String {
        let tagged = self.tags.first();
        let tagged = tagged.map(|tag| format!("{}:{}", tag.repository, tag.name));
        let name = tagged.or_else(|| self.repositories.first().cloned());
        let others = self.tags.len().max(self.repositories.len()).max(1) - 1;
        match (name, others) {
            (None, _) => String::new(),
            (Some(name), 0) => name,
            (Some(name), others) => format!("{name} (+{others})"),
        }
    }

    /// The first digits of its digest.
    pub fn short_digest(&self) -> String {
        let digits = self.digest.trim_start_matches("sha256:");
        digits.chars().take(12).collect()
    }
}
