//! Severities as JSON and in queries.

use scanyard_package::Severity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad a vulnerability is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Severity)]
pub enum SeverityView {
    /// Nobody said.
    Unknown,
    /// Of no practical importance.
    Negligible,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.0.
    Critical,
}

impl SeverityView {
    /// The word as JSON has it.
    pub fn name(self) -> &'static str {
        Severity::from(self).name()
    }
}

impl From<SeverityView> for Severity {
    fn from(severity: SeverityView) -> Self {
        match severity {
            SeverityView::Unknown => Severity::Unknown,
            SeverityView::Negligible => Severity::Negligible,
            SeverityView::Low => Severity::Low,
            SeverityView::Medium => Severity::Medium,
            SeverityView::High => Severity::High,
            SeverityView::Critical => Severity::Critical,
        }
    }
}

impl From<Severity> for SeverityView {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Unknown => SeverityView::Unknown,
            Severity::Negligible => SeverityView::Negligible,
            Severity::Low => SeverityView::Low,
            Severity::Medium => SeverityView::Medium,
            Severity::High => SeverityView::High,
            Severity::Critical => SeverityView::Critical,
        }
    }
}
