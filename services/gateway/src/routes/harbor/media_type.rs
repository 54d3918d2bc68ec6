//! Media types as Harbor and its kin write them: with and without a space before the version.

use std::collections::BTreeMap;

use scanyard_report::Format;

/// The scanner's description.
pub const METADATA: &str = "application/vnd.scanner.adapter.metadata+json; version=1.1";
/// What an accepted scan is answered with.
pub const SCAN_RESPONSE: &str = "application/vnd.scanner.adapter.scan.response+json; version=1.0";
/// Errors.
pub const ERROR: &str = "application/vnd.scanner.adapter.error+json; version=1.0";

/// Bills of materials that Harbor knows.
const SBOM_MEDIA_TYPES: [&str; 2] = ["application/spdx+json", "application/vnd.cyclonedx+json"];

/// Manifests that are looked at.
pub const CONSUMED: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Media types of bills of materials that can be had.
pub fn sbom_media_types() -> impl Iterator<Item = &'static str> {
    SBOM_MEDIA_TYPES
        .into_iter()
        .filter(|media_type| sbom_format(media_type).is_some())
}

/// The form of a bill of materials of this media type.
pub fn sbom_format(media_type: &str) -> Option<Format> {
    let mut known = Format::ALL.into_iter();
    let is_known = SBOM_MEDIA_TYPES.contains(&media_type);
    known.find(|format| is_known && essence(format.media_type()) == media_type)
}

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportType {
    /// What Harbor asks for today.
    Vulnerabilities,
    /// What it asked for in version 1.0, and what one gets who asks for nothing.
    Legacy,
    /// Our own report.
    Raw,
    /// A bill of materials.
    Sbom,
}

impl ReportType {
    /// Those about vulnerabilities.
    pub const OF_VULNERABILITIES: [ReportType; 3] = [
        ReportType::Vulnerabilities,
        ReportType::Legacy,
        ReportType::Raw,
    ];
    const ALL: [ReportType; 4] = [
        ReportType::Vulnerabilities,
        ReportType::Legacy,
        ReportType::Raw,
        ReportType::Sbom,
    ];

    /// Its media type.
    pub const fn name(self) -> &'static str {
        match self {
            ReportType::Vulnerabilities => {
                "application/vnd.security.vulnerability.report; version=1.1"
            }
            ReportType::Legacy => {
                "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
            }
            ReportType::Raw => "application/vnd.scanner.adapter.vuln.report.raw",
            ReportType::Sbom => "application/vnd.security.sbom.report+json; version=1.0",
        }
    }

    /// The type that an `Accept` header asks for; `None` where it takes none of ours.
    pub fn accepted(accept: Option<&str>) -> Option<Self> {
        let accept = accept.unwrap_or_default();
        if accept.trim().is_empty() {
            return Some(ReportType::Legacy);
        }
        accept.split(',').find_map(|range| match essence(range) {
            "*/*" | "application/*" => Some(ReportType::Legacy),
            _ => Self::ALL
                .into_iter()
                .find(|known| is_same(range, known.name())),
        })
    }

    /// The type of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| is_same(name, known.name()))
    }
}

/// Whether both are the same, whatever spaces and order their parameters have. One without a version
/// means the one that there is.
fn is_same(asked: &str, known: &str) -> bool {
    let version = |text| parameters(text).get("version").cloned();
    essence(asked).eq_ignore_ascii_case(essence(known))
        && version(asked).is_none_or(|version_asked| Some(version_asked) == version(known))
}

/// A media type without its parameters.
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn parameters(media_type: &str) -> BTreeMap<String, String> {
    let parameters = media_type.split(';').skip(1);
    let pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.trim().trim_matches('"');
            (name.trim().to_ascii_lowercase(), value.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_that_is_asked_for_is_found_however_it_is_written() {
        let cases = [
            (None, Some(ReportType::Legacy)),
            (Some(""), Some(ReportType::Legacy)),
            (Some("*/*"), Some(ReportType::Legacy)),
            (
                Some("application/vnd.security.vulnerability.report;version=1.1"),
                Some(ReportType::Vulnerabilities),
            ),
            (
                Some("application/vnd.security.vulnerability.report; version=1.1"),
                Some(ReportType::Vulnerabilities),
            ),
            (
                Some("application/vnd.security.vulnerability.report ; VERSION=\"1.1\""),
                Some(ReportType::Vulnerabilities),
            ),
            (
                Some("image/png, application/vnd.scanner.adapter.vuln.report.raw"),
                Some(ReportType::Raw),
            ),
            (
                Some("application/vnd.security.sbom.report+json"),
                Some(ReportType::Sbom),
            ),
            (
                Some("application/vnd.security.vulnerability.report; version=9"),
                None,
            ),
            (Some("image/png"), None),
        ];
        for (accept, expected) in cases {
            assert_eq!(ReportType::accepted(accept), expected, "{accept:?}");
        }
    }
}
