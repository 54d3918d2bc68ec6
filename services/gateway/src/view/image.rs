//! Images as JSON.

use chrono::{DateTime, Utc};
use scanyard_package::Severity;
use scanyard_store::{ImageLayer, ImageSummary, SeverityCounts, Tag};
use serde::Serialize;
use utoipa::ToSchema;

use crate::export::Row;

/// A name that moves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagView {
    /// The repository.
    repository: String,
    /// The tag.
    name: String,
}

impl From<Tag> for TagView {
    fn from(tag: Tag) -> Self {
        Self {
            repository: tag.repository,
            name: tag.name,
        }
    }
}

/// Findings by severity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeverityCounts)]
pub struct SeverityCountsView {
    critical: u32,
    high: u32,
    medium: u32,
    low: u32,
    negligible: u32,
    unknown: u32,
    /// Findings that could be neither confirmed nor excluded, whatever their severity.
    undetermined: u32,
}

impl From<SeverityCounts> for SeverityCountsView {
    fn from(counts: SeverityCounts) -> Self {
        Self {
            critical: counts.of(Severity::Critical),
            high: counts.of(Severity::High),
            medium: counts.of(Severity::Medium),
            low: counts.of(Severity::Low),
            negligible: counts.of(Severity::Negligible),
            unknown: counts.of(Severity::Unknown),
            undetermined: counts.undetermined,
        }
    }
}

/// What is in an image, in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageSummary)]
pub struct SummaryView {
    /// Packages in it.
    packages: u32,
    /// Its findings; null while its packages are not matched with any advisories.
    findings: Option<SeverityCountsView>,
    /// Things in it that could not be assessed.
    coverage_gaps: u32,
    /// Whether everything was assessed. An image without findings is clean only if this is true.
    complete: bool,
    /// Sequence number of the advisory revision behind the findings.
    revision: Option<i64>,
}

/// An image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub struct ImageView {
    /// Digest of its manifest.
    digest: String,
    /// What it runs on.
    #[schema(example = "linux/amd64")]
    platform: String,
    /// Repositories in which it was reached.
    repositories: Vec<String>,
    /// Tags that name it now.
    tags: Vec<TagView>,
    /// Its distro, as `id-version`.
    #[schema(example = "debian-12")]
    distro: Option<String>,
    /// What is in it; null until it is scanned.
    summary: Option<SummaryView>,
    /// When it was first reached.
    first_seen: DateTime<Utc>,
    /// When it was last reached.
    last_seen: DateTime<Utc>,
}

impl From<ImageSummary> for ImageView {
    fn from(image: ImageSummary) -> Self {
        Self {
            summary: summarize(&image),
            digest: image.digest.to_string(),
            platform: image.platform,
            repositories: image.repositories,
            tags: image.tags.into_iter().map(Into::into).collect(),
            distro: image.distro.map(|distro| distro.qualifier()),
            first_seen: image.first_seen,
            last_seen: image.last_seen,
        }
    }
}

impl ImageView {
    /// Which image it is and where, as columns of a table: digest, platform, repositories, tags and
    /// distro.
    pub fn place(&self) -> Vec<String> {
        let tags = self.tags.iter();
        let tags: Vec<String> = tags
            .map(|tag| format!("{}:{}", tag.repository, tag.name))
            .collect();
        vec![
            self.digest.clone(),
            self.platform.clone(),
            self.repositories.join(" "),
            tags.join(" "),
            self.distro.clone().unwrap_or_default(),
        ]
    }
}

impl Row for ImageView {
    const COLUMNS: &'static [&'static str] = &[
        "digest",
        "platform",
        "repositories",
        "tags",
        "distro",
        "packages",
        "critical",
        "high",
        "medium",
        "low",
        "complete",
        "last_seen",
    ];

    fn values(&self) -> Vec<String> {
        let summary = self.summary.as_ref();
        let findings = summary.and_then(|summary| summary.findings.as_ref());
        let count = |count: fn(&SeverityCountsView) -> u32| {
            findings.map_or_else(String::new, |findings| count(findings).to_string())
        };
        let mut values = self.place();
        values.extend([
            summary.map_or_else(String::new, |summary| summary.packages.to_string()),
            count(|findings| findings.critical),
            count(|findings| findings.high),
            count(|findings| findings.medium),
            count(|findings| findings.low),
            summary.map_or_else(String::new, |summary| summary.complete.to_string()),
            self.last_seen.to_rfc3339(),
        ]);
        values
    }
}

fn summarize(image: &ImageSummary) -> Option<SummaryView> {
    // An image that was assembled has packages, be it none, and a number of gaps.
    let packages = image.packages?;
    let gaps = image.coverage_gaps;
    let matched = image.counts.filter(|_| image.revision.is_some());
    let assessed = gaps == Some(0) && matched.is_some_and(|counts| counts.undetermined == 0);
    Some(SummaryView {
        packages,
        findings: matched.map(Into::into),
        coverage_gaps: gaps.unwrap_or_default(),
        complete: assessed,
        revision: image.revision,
    })
}

/// A layer's place in an image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Layer)]
pub struct LayerView {
    /// The layer's blob digest.
    digest: String,
    /// Bytes of the blob.
    size: u64,
    /// The manifest's word for its format.
    media_type: String,
    /// Whether its bytes are not in the registry, so that it was not read.
    foreign: bool,
}

impl From<ImageLayer> for LayerView {
    fn from(layer: ImageLayer) -> Self {
        Self {
            digest: layer.digest.to_string(),
            size: layer.size,
            media_type: layer.media_type,
            foreign: layer.foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_package::Digest;

    fn image(gaps: u32, counts: SeverityCounts, revision: Option<i64>) -> ImageSummary {
        ImageSummary {
            digest: Digest::from_bytes([1; 32]),
            platform: "linux/amd64".into(),
            repositories: Vec::new(),
            tags: Vec::new(),
            distro: None,
            packages: Some(1),
            counts: Some(counts),
            coverage_gaps: Some(gaps),
            revision,
            first_seen: DateTime::UNIX_EPOCH,
            last_seen: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_was_assessed_whole_is_complete() {
        let clean = SeverityCounts::default();
        let undetermined = SeverityCounts {
            undetermined: 1,
            ..clean
        };
        let complete = |image: ImageSummary| summarize(&image).unwrap().complete;
        assert!(complete(image(0, clean, Some(1))));
        assert!(!complete(image(1, clean, Some(1))));
        assert!(!complete(image(0, undetermined, Some(1))));
        assert!(!complete(image(0, clean, None)));
    }
}
