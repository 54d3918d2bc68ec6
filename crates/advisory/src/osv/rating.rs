//! How bad a document says it is: vectors, bare scores, words.

use cvss::Cvss;
use scanyard_package::Severity;
use serde_json::Value;

use super::document::{self, DatabaseSpecific, Document};
use crate::record::{Rating, Record, Score};

/// The document's own rating.
pub(super) fn of_document(document: &Document<'_>) -> Rating {
    let mut scores = vector_scores(&document.severity);
    scores.extend(bare_scores(&document.database_specific));
    let word = severity_of_word(document.database_specific.severity.as_str())
        .or_else(|| distro_word(&document.severity))
        .or_else(|| leading_word(&document.id, &document.summary));
    rating(scores, word)
}

/// The rating of one affected entry, if it has any.
pub(super) fn of_entry(entry: &document::Affected) -> Option<Rating> {
    let specific = &entry.ecosystem_specific;
    let word = distro_word(&entry.severity)
        .or_else(|| severity_of_word(entry.database_specific.severity.as_str()))
        .or_else(|| severity_of_word(specific.ubuntu_priority.as_str()));
    let rating = rating(vector_scores(&entry.severity), word);
    (rating != Rating::default()).then_some(rating)
}

/// A record without scores takes the worst of its entries' ratings that have one, or of any if it
/// has no word either; entries keep only a rating that differs from the record's.
pub(super) fn settle(record: &mut Record) {
    if record.rating.scores.is_empty() {
        let worst = record
            .affected
            .iter()
            .filter_map(|entry| entry.rating.as_ref())
            .filter(|rating| {
                !rating.scores.is_empty() || record.rating.severity == Severity::Unknown
            })
            .max_by_key(|rating| rating.severity);
        if let Some(worst) = worst {
            record.rating = worst.clone();
        }
    }
    for entry in &mut record.affected {
        entry.rating.take_if(|rating| *rating == record.rating);
    }
}

/// The score of the newest standard decides, and of several of it the highest; where there is no
/// score, the word does.
fn rating(scores: Vec<Score>, word: Option<Severity>) -> Rating {
    let best = scores
        .iter()
        .take(usize::from(u8::MAX))
        .enumerate()
        .max_by_key(|(_, score)| (score.version.clone(), score.tenths))
        .map(|(index, score)| (index as u8, f64::from(score.tenths) / 10.0));
    Rating {
        severity: match best {
            Some((_, score)) => Severity::from_score(score),
            None => word.unwrap_or_default(),
        },
        best: best.map(|(index, _)| index),
        scores,
    }
}

fn vector_scores(severities: &[document::Severity]) -> Vec<Score> {
    severities
        .iter()
        .filter(|severity| severity.kind.starts_with("CVSS_V"))
        .filter_map(|severity| score_vector(&severity.score))
        .collect()
}

/// The rating that vectors give or, without any that can be read, a word.
pub(crate) fn of_vectors(vectors: &[&str], word: Option<Severity>) -> Rating {
    rating(
        vectors
            .iter()
            .filter_map(|vector| score_vector(vector))
            .collect(),
        word,
    )
}

fn score_vector(vector: &str) -> Option<Score> {
    let parsed: Cvss = vector.parse().ok()?;
    let version = match parsed {
        Cvss::CvssV20(_) => "2.0",
        Cvss::CvssV30(_) => "3.0",
        Cvss::CvssV31(_) => "3.1",
        Cvss::CvssV40(_) => "4.0",
        _ => return None,
    };
    Some(Score {
        version: version.to_owned(),
        vector: vector.to_owned(),
        tenths: tenths(parsed.score())?,
    })
}

/// RubyGems' advisories give scores without vectors.
fn bare_scores(specific: &DatabaseSpecific) -> impl Iterator<Item = Score> {
    let bare = |version: &str, value: &Value| {
        Some(Score {
            version: version.to_owned(),
            vector: String::new(),
            tenths: tenths(value.as_f64()?)?,
        })
    };
    [
        bare("2.0", &specific.cvss_v2),
        bare("3", &specific.cvss_v3),
        bare("4.0", &specific.cvss_v4),
    ]
    .into_iter()
    .flatten()
}

fn tenths(score: f64) -> Option<u8> {
    (0.0..=10.0)
        .contains(&score)
        .then(|| (score * 10.0).round() as u8)
}

/// A severity that is not CVSS is a distro's word: `{"type": "Ubuntu", "score": "medium"}`.
fn distro_word(severities: &[document::Severity]) -> Option<Severity> {
    severities
        .iter()
        .filter(|severity| !severity.kind.starts_with("CVSS_V"))
        .find_map(|severity| severity_of_word(Some(&severity.score)))
}

/// AlmaLinux tells a severity only as the first word of the summary: `Important: kernel ...`.
fn leading_word(id: &str, summary: &str) -> Option<Severity> {
    id.starts_with("ALSA-").then_some(())?;
    severity_of_word(summary.split_once(':').map(|(word, _)| word))
}

fn severity_of_word(word: Option<&str>) -> Option<Severity> {
    named(word?)
}

/// The severity that publishers call by this word.
pub(crate) fn named(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "important" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" => Severity::Low,
        "negligible" | "unimportant" | "none" => Severity::Negligible,
        _ => return None,
    })
}
