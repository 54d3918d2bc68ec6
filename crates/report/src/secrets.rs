//! Credentials in a report.

use std::cmp::Reverse;

use scanyard_hygiene::ConfigSecret;
use scanyard_inventory::LocatedSecret;
use scanyard_package::{Digest, Severity};
use scanyard_secrets::example_place;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::as_text;
use crate::build::LayerFacts;

/// A credential that is in the image. Its value is nowhere kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSecret)]
pub struct Secret {
    /// Id of the rule that found it.
    pub rule: String,
    /// What it is, for people.
    pub title: String,
    /// How bad it is that whoever has the image has it, as one word.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The file; null for one in the image's config.
    pub path: Option<String>,
    /// Where in the image's config, such as `env NAME` or `history 3`; null for one in a file.
    pub config: Option<String>,
    /// The line it begins on, from 1.
    pub line: u32,
    /// What was matched, with `****` in the place of the value.
    pub excerpt: String,
    /// Digest of the layer that brought it; null in a config or a root file system.
    #[serde(with = "as_text::option")]
    #[schema(value_type = Option<String>)]
    pub layer: Option<Digest>,
    /// Whether an upper layer deletes or replaces the file. The layer below still holds it.
    pub deleted: bool,
    /// Why it is most likely an example: `documentation`, `test` or `example`; null for all others.
    pub example: Option<String>,
}

impl Secret {
    /// Where it is, for people.
    pub fn place(&self) -> String {
        match (&self.path, &self.config) {
            (Some(path), _) => format!("{path}:{}", self.line),
            (None, Some(place)) => format!("image config, {place}"),
            (None, None) => "image".to_owned(),
        }
    }
}

/// Those of files and config, worst first, examples last.
pub fn secrets(
    files: &[LocatedSecret],
    config: &[ConfigSecret],
    layers: &[LayerFacts],
) -> Vec<Secret> {
    let files = files.iter().map(|found| Secret {
        path: Some(found.path.clone()),
        layer: layers.get(found.layer).map(|layer| layer.digest),
        deleted: found.deleted,
        example: example_place(&found.path).map(str::to_owned),
        ..secret(&found.secret)
    });
    let config = config.iter().map(|found| Secret {
        config: Some(found.place.clone()),
        ..secret(&found.secret)
    });
    let mut secrets: Vec<_> = files.chain(config).collect();
    secrets.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    secrets
}

/// What the rule and its match say, wherever that was.
fn secret(found: &scanyard_secrets::Secret) -> Secret {
    let facts = scanyard_secrets::rule(&found.rule);
    Secret {
        rule: found.rule.clone(),
        title: facts.map_or_else(|| found.rule.clone(), |facts| facts.title.to_owned()),
        severity: facts.map_or(Severity::Unknown, |facts| facts.severity),
        path: None,
        config: None,
        line: found.line,
        excerpt: found.excerpt.clone(),
        layer: None,
        deleted: false,
        example: None,
    }
}

fn sort_key(secret: &Secret) -> impl Ord {
    (
        secret.example.is_some(),
        Reverse(secret.severity),
        &secret.path,
        &secret.config,
        secret.line,
        &secret.rule,
    )
}
