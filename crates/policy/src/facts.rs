//! What rules can ask about one image, as values of the expression language.
//!
//! What is not known is not there, and a rule that asks for it is undetermined: nobody mistakes it
//! for a no.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use chrono::{DateTime, Utc};
use scanyard_package::{CoverageKind, Digest, Severity};
use scanyard_report::{Finding, Package, Report};

/// Longest list that a rule may look at; one that is longer is not there.
pub(crate) const MAX_LIST: usize = 500;

/// What is known of an image beside its report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageContext {
    /// Repositories that hold it.
    pub repositories: Vec<String>,
    /// Tags that name it.
    pub tags: Vec<String>,
    /// How many of its layers, from the bottom, are its base image's; `None` where nobody knows.
    pub base_layers: Option<usize>,
}

/// Everything that rules can ask about.
#[derive(Debug)]
pub struct Facts {
    pub(crate) repositories: Vec<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) variables: Vec<(&'static str, Value)>,
    pub(crate) findings: Vec<FindingFacts>,
    pub(crate) complete: bool,
    pub(crate) gaps: usize,
}

#[derive(Debug)]
pub(crate) struct FindingFacts {
    pub(crate) id: String,
    pub(crate) package: String,
    pub(crate) is_affected: bool,
    pub(crate) value: Value,
}

impl Facts {
    /// The facts of a report, as of `now`.
    pub fn of(report: &Report, context: &ImageContext, now: DateTime<Utc>) -> Self {
        let packages: HashMap<&str, &Package> = report
            .packages
            .iter()
            .map(|package| (package.purl.as_str(), package))
            .collect();
        let layers: HashMap<Digest, usize> = report
            .image
            .iter()
            .flat_map(|image| image.layers.iter().enumerate())
            .map(|(index, layer)| (layer.digest, index))
            .collect();
        let finding = |finding: &Finding| FindingFacts {
            id: finding.id.clone(),
            package: finding.package.clone(),
            is_affected: finding.is_affected(),
            value: FindingSource {
                packages: &packages,
                layers: &layers,
                context,
                now,
            }
            .value(finding),
        };
        let mut findings: Vec<_> = report.findings.iter().map(finding).collect();
        findings.sort_by(|a, b| {
            (&a.id, &a.package, a.is_affected).cmp(&(&b.id, &b.package, b.is_affected))
        });
        Self {
            repositories: context.repositories.clone(),
            labels: report
                .image
                .as_ref()
                .map(|image| image.labels.clone())
                .unwrap_or_default(),
            variables: variables(report, context, now),
            findings,
            complete: report.summary.complete,
            gaps: report.coverage.len() + report.summary.undetermined,
        }
    }
}

fn variables(
    report: &Report,
    context: &ImageContext,
    now: DateTime<Utc>,
) -> Vec<(&'static str, Value)> {
    let mut variables = vec![
        ("image", image(report, context, now)),
        ("coverage", coverage(report)),
        ("summary", summary(report)),
    ];
    variables.extend(SEVERITIES.map(|(name, severity)| (name, Value::Int(level(severity)))));
    let mut distro = Fields::default();
    if let Some(known) = &report.distro {
        let ended = report
            .coverage
            .iter()
            .any(|entry| entry.kind == CoverageKind::EndOfLife);
        distro.text("id", &known.id);
        distro.text("version", &known.version);
        distro.put("end_of_life", Value::Bool(ended));
    }
    variables.push(("distro", distro.value()));
    let mut advisories = Fields::default();
    if let Some(known) = &report.advisories {
        advisories.put("age_days", Value::Int((now - known.date).num_days()));
    }
    variables.push(("advisories", advisories.value()));
    if let Some(secrets) = report
        .secrets
        .as_ref()
        .filter(|list| list.len() <= MAX_LIST)
    {
        variables.push(("secrets", list(secrets.iter().map(secret))));
    }
    if let Some(checks) = report.checks.as_ref().filter(|list| list.len() <= MAX_LIST) {
        let check = |check: &scanyard_report::Check| {
            let mut fields = Fields::default();
            fields.text("id", &check.id);
            fields.severity(check.severity);
            fields.value()
        };
        variables.push(("checks", list(checks.iter().map(check))));
    }
    variables
}

fn image(report: &Report, context: &ImageContext, now: DateTime<Utc>) -> Value {
    let mut fields = Fields::default();
    fields.text("reference", &report.source);
    fields.first("repository", &context.repositories);
    fields.texts("repositories", &context.repositories);
    fields.first("tag", &context.tags);
    fields.texts("tags", &context.tags);
    fields.put("packages", count(report.packages.len()));
    if let Some(image) = &report.image {
        fields.text("digest", &image.digest.to_string());
        fields.text("platform", &image.platform);
        fields.put("layers", count(image.layers.len()));
        let size = image
            .layers
            .iter()
            .fold(0, |sum: u64, layer| sum.saturating_add(layer.size));
        fields.put("size", Value::Int(i64::try_from(size).unwrap_or(i64::MAX)));
        let labels = image.labels.iter().take(MAX_LIST);
        let mut named = Fields::default();
        for (name, value) in labels {
            named.text(name, value);
        }
        fields.put("labels", named.value());
        fields.optional_text("user", image.user.as_deref());
        fields.age(image.created.as_deref(), now);
    }
    fields.value()
}

fn coverage(report: &Report) -> Value {
    let mut fields = Fields::default();
    fields.put("complete", Value::Bool(report.summary.complete));
    fields.put(
        "gaps",
        count(report.coverage.len() + report.summary.undetermined),
    );
    if report.coverage.len() <= MAX_LIST {
        let entry = |entry: &scanyard_report::Coverage| {
            let mut fields = Fields::default();
            fields.text("kind", entry.kind.name());
            fields.text("subject", &entry.subject);
            fields.text("detail", &entry.detail);
            fields.value()
        };
        fields.put("entries", list(report.coverage.iter().map(entry)));
    }
    fields.value()
}

fn summary(report: &Report) -> Value {
    let mut fields = Fields::default();
    for severity in Severity::WORST_FIRST {
        fields.put(severity.name(), count(report.summary.count(severity)));
    }
    fields.put("undetermined", count(report.summary.undetermined));
    fields.put("suppressed", count(report.summary.suppressed));
    fields.value()
}

fn secret(secret: &scanyard_report::Secret) -> Value {
    let mut fields = Fields::default();
    fields.text("rule", &secret.rule);
    fields.severity(secret.severity);
    fields.text("path", &secret.place());
    fields.put("deleted", Value::Bool(secret.deleted));
    fields.optional_text("example", secret.example.as_deref());
    fields.value()
}

struct FindingSource<'a> {
    packages: &'a HashMap<&'a str, &'a Package>,
    layers: &'a HashMap<Digest, usize>,
    context: &'a ImageContext,
    now: DateTime<Utc>,
}

impl FindingSource<'_> {
    fn value(&self, finding: &Finding) -> Value {
        let mut fields = Fields::default();
        fields.text("id", &finding.id);
        fields.texts("aliases", &finding.aliases);
        fields.text("status", finding.status.name());
        fields.severity(finding.severity);
        if let Some(cvss) = &finding.cvss {
            fields.put("score", Value::Float(cvss.score));
        }
        fields.put("fixable", Value::Bool(!finding.fixed_versions.is_empty()));
        fields.first("fixed_version", &finding.fixed_versions);
        fields.text("fix_state", finding.fix_state.name());
        fields.put("known_exploited", Value::Bool(finding.known_exploited));
        if let Some(epss) = &finding.epss {
            fields.put("epss", Value::Float(epss.score));
            fields.put("epss_percentile", Value::Float(epss.percentile));
        }
        fields.age(finding.published.as_deref(), self.now);
        fields.optional_text(
            "vex",
            finding
                .vex
                .as_ref()
                .map(|statement| statement.status.name()),
        );
        fields.first("path", &finding.paths);
        if finding.paths.len() <= MAX_LIST {
            fields.texts("paths", &finding.paths);
        }
        fields.put("package", self.package(&finding.package));
        if let Some(layer) = finding.layer {
            fields.put("layer", self.layer(layer));
        }
        fields.value()
    }

    fn package(&self, purl: &str) -> Value {
        let mut fields = Fields::default();
        fields.text("purl", purl);
        if let Some(package) = self.packages.get(purl) {
            fields.text("name", &package.name);
            fields.text("version", &package.version);
            fields.optional_text("ecosystem", package.ecosystem.as_deref());
            fields.text(
                "source",
                package.source_name.as_ref().unwrap_or(&package.name),
            );
            fields.optional_text("licence", package.licence.as_deref());
            if let Some(licence) = &package.licence {
                fields.texts("licences", &licence_ids(licence));
            }
        }
        fields.value()
    }

    fn layer(&self, digest: Digest) -> Value {
        let mut fields = Fields::default();
        fields.text("digest", &digest.to_string());
        if let Some(index) = self.layers.get(&digest) {
            fields.put("index", count(*index));
            if let Some(base_layers) = self.context.base_layers {
                fields.put("from_base", Value::Bool(*index < base_layers));
            }
        }
        fields.value()
    }
}

/// The licences that an SPDX expression names.
fn licence_ids(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
    let mut ids: Vec<String> = words
        .filter(|word| !word.is_empty() && !["AND", "OR", "WITH"].contains(word))
        .take(MAX_LIST)
        .map(str::to_owned)
        .collect();
    ids.dedup();
    ids
}

const SEVERITIES: [(&str, Severity); 6] = [
    ("CRITICAL", Severity::Critical),
    ("HIGH", Severity::High),
    ("MEDIUM", Severity::Medium),
    ("LOW", Severity::Low),
    ("NEGLIGIBLE", Severity::Negligible),
    ("UNKNOWN", Severity::Unknown),
];

/// A number that grows with the severity, for comparisons; that of what nobody rated is the least.
const fn level(severity: Severity) -> i64 {
    match severity {
        Severity::Unknown => 0,
        Severity::Negligible => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn list(values: impl Iterator<Item = Value>) -> Value {
    Value::List(Arc::new(values.collect()))
}

#[derive(Default)]
struct Fields(HashMap<Key, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(Key::from(name), value);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.put(name, Value::from(text));
    }

    fn optional_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        self.put(
            name,
            list(texts.iter().map(|text| Value::from(text.as_str()))),
        );
    }

    fn first(&mut self, name: &str, texts: &[String]) {
        self.optional_text(name, texts.first().map(String::as_str));
    }

    fn severity(&mut self, severity: Severity) {
        self.text("severity", severity.name());
        self.put("level", Value::Int(level(severity)));
    }

    fn age(&mut self, since: Option<&str>, now: DateTime<Utc>) {
        let since = since.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        if let Some(since) = since {
            self.put("age_days", Value::Int((now - since.to_utc()).num_days()));
        }
    }

    fn value(self) -> Value {
        Value::Map(Map {
            map: Arc::new(self.0),
        })
    }
}
