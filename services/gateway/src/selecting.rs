//! The parameters by which a question is bounded, the same on every route that takes them, beside
//! the parameters that are a route's own.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use scanyard_store::{FindingBounds, ImageBounds, LabelBound, Selection};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;
use crate::view::SeverityView;

/// Which images and findings are meant. All bounds hold together.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelectionParameters {
    /// As it was at this moment, RFC 3339, instead of as it is.
    as_of: Option<DateTime<Utc>>,
    /// Only images reached in repositories that this pattern describes: `*` is anything up to a
    /// slash, `**` anything.
    #[param(example = "registry.example.com/team/**")]
    repository: Option<String>,
    /// Only images of this distro, or of this release of it: `debian`, `debian-12`.
    distro: Option<String>,
    /// Only images with this label, as `NAME` or `NAME=VALUE`.
    label: Option<String>,
    /// Only images first reached then or later, RFC 3339.
    first_seen_from: Option<DateTime<Utc>>,
    /// Only images last reached then or later, RFC 3339.
    last_seen_from: Option<DateTime<Utc>>,
    /// Only images last reached before, RFC 3339.
    last_seen_before: Option<DateTime<Utc>>,
    /// Only images that no tag names any more.
    untagged: Option<bool>,
    /// Only findings at least this severe.
    #[param(inline)]
    min_severity: Option<SeverityView>,
    /// Only findings that a newer version no longer has.
    fixable: Option<bool>,
    /// Only findings in the catalogue of known exploited vulnerabilities.
    known_exploited: Option<bool>,
    /// Only findings at least so likely to be exploited within thirty days, 0 to 1 (EPSS).
    min_epss: Option<f64>,
}

/// Names of the fields above.
const NAMES: [&str; 12] = [
    "as_of",
    "repository",
    "distro",
    "label",
    "first_seen_from",
    "last_seen_from",
    "last_seen_before",
    "untagged",
    "min_severity",
    "fixable",
    "known_exploited",
    "min_epss",
];

/// Longest pattern, distro or label that is compared.
const MAX_TEXT: usize = 1024;

/// A selection, and what else a route takes.
pub struct Selecting<T> {
    /// Which images and findings are meant.
    pub selection: Selection,
    /// The route's own parameters.
    pub own: T,
}

/// No parameters but those of a selection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Selecting<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let is_selecting = |(name, _): &(Cow<'_, str>, Cow<'_, str>)| NAMES.contains(&&**name);
        let pairs = form_urlencoded::parse(query.as_bytes());
        let (selecting, own): (Vec<_>, Vec<_>) = pairs.partition(is_selecting);
        Ok(Self {
            selection: read::<SelectionParameters>(&selecting)?.selection()?,
            own: read(&own)?,
        })
    }
}

fn read<T: DeserializeOwned>(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<T, Problem> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
    let uri = uri.map_err(|error| Problem::new(Code::InvalidQuery, error.to_string()))?;
    Query::try_from_uri(&uri)
        .map(|Query(value)| value)
        .map_err(|rejection| Problem::new(Code::InvalidQuery, rejection.body_text()))
}

impl SelectionParameters {
    fn selection(self) -> Result<Selection, Problem> {
        let texts = [&self.repository, &self.distro, &self.label];
        if texts
            .into_iter()
            .flatten()
            .any(|text| text.len() > MAX_TEXT)
        {
            return Err(invalid(format!(
                "repository, distro and label have at most {MAX_TEXT} characters."
            )));
        }
        if self
            .min_epss
            .is_some_and(|least| !(0.0..=1.0).contains(&least))
        {
            return Err(invalid("min_epss is a probability, 0 to 1.".to_owned()));
        }
        Ok(Selection {
            as_of: self.as_of,
            images: ImageBounds {
                repository: self.repository,
                distro: self.distro,
                label: self.label.as_deref().map(read_label),
                first_seen_from: self.first_seen_from,
                last_seen_from: self.last_seen_from,
                last_seen_before: self.last_seen_before,
                is_untagged: self.untagged.unwrap_or_default(),
            },
            findings: FindingBounds {
                min_severity: self.min_severity.map(Into::into),
                is_fixable: self.fixable.unwrap_or_default(),
                is_known_exploited: self.known_exploited.unwrap_or_default(),
                min_probability: self.min_epss,
            },
        })
    }
}

fn read_label(text: &str) -> LabelBound {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    LabelBound {
        name: name.to_owned(),
        value,
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidQuery, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_told_from_a_routes_own() {
        let documented: Vec<String> = SelectionParameters::into_params(|| None)
            .into_iter()
            .map(|parameter| parameter.name)
            .collect();
        assert_eq!(documented, NAMES);
    }
}
