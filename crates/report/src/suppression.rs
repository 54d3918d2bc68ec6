//! Findings that do not count, and who said so.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::build::summarize;
use crate::model::{Finding, Report};

/// What somebody says of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportStatement)]
pub struct Statement {
    /// Where it stands.
    pub source: StatementSource,
    /// Whether, and why, the finding does not count.
    pub status: StatementStatus,
    /// VEX's word for why an image is not affected.
    pub justification: Option<String>,
    /// Why, for people: a waiver's reason, a VEX document's impact or action statement.
    pub detail: Option<String>,
    /// Who says so: a waiver's owner, a VEX document's author.
    pub author: Option<String>,
    /// The waiver's or the VEX document's id.
    pub document: String,
    /// Until when it holds; null where nothing is said of an end.
    pub expires: Option<DateTime<Utc>>,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportStatementSource)]
pub enum StatementSource {
    /// In a waiver.
    Waiver,
    /// In a VEX document.
    Vex,
}

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportStatementStatus)]
pub enum StatementStatus {
    /// The flaw is there and its risk is accepted.
    Waived,
    /// The flaw cannot be exploited here.
    NotAffected,
    /// The flaw was fixed here.
    Fixed,
    /// The flaw is there.
    Affected,
    /// Nobody knows yet.
    UnderInvestigation,
}

impl StatementStatus {
    /// Whether the finding does not count.
    pub const fn suppresses(self) -> bool {
        matches!(self, Self::Waived | Self::NotAffected | Self::Fixed)
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waived => "waived",
            Self::NotAffected => "not_affected",
            Self::Fixed => "fixed",
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSuppressed)]
pub struct Suppressed {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Who says so.
    pub by: Statement,
}

/// A waiver meant for this image that suppresses nothing in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportIdleWaiver)]
pub struct IdleWaiver {
    /// Its id.
    pub id: String,
    /// The vulnerability that it is about.
    pub vulnerability: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it suppresses nothing.
    pub reason: IdleReason,
}

/// Why a waiver suppresses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportIdleReason)]
pub enum IdleReason {
    /// It has expired, and what it is about is found.
    Expired,
    /// What it is about is not found.
    Unused,
}

/// What is said of each finding, by its place in the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said(pub HashMap<usize, Statement>);

impl Report {
    /// Takes out what does not count, and marks what VEX says something else of. The summary counts
    /// what is left.
    pub fn apply_statements(&mut self, mut said: Said) {
        let findings = std::mem::take(&mut self.findings);
        for (place, mut finding) in findings.into_iter().enumerate() {
            match said.0.remove(&place) {
                Some(by) if by.status.suppresses() => {
                    self.suppressed.push(Suppressed { finding, by });
                }
                statement => {
                    if statement.is_some() {
                        finding.vex = statement;
                    }
                    self.findings.push(finding);
                }
            }
        }
        self.summary = summarize(&self.findings, self.suppressed.len(), &self.coverage);
    }
}
