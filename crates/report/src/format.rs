//! The list of forms that a report is rendered in.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use crate::Report;
use crate::render::{
    csv, cyclonedx, github, gitlab, html, json, junit, markdown, ndjson, sarif, spdx, table,
};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Table,
    /// Everything, in the documented schema.
    Json,
    /// A CycloneDX 1.6 bill of materials with its vulnerabilities.
    Cyclonedx,
    /// The same as CycloneDX 1.7.
    Cyclonedx17,
    /// An SPDX 2.3 document.
    Spdx,
    /// SARIF 2.1.0, for code scanning pages.
    Sarif,
    /// GitLab's container scanning report.
    Gitlab,
    /// A snapshot for GitHub's dependency submission.
    Github,
    /// JUnit XML, for pages of test results.
    Junit,
    /// Markdown, for comments on pull requests.
    Markdown,
    /// One HTML file.
    Html,
    /// Rows for a spreadsheet.
    Csv,
    /// One JSON object a line, for machines that stream.
    Ndjson,
}

/// What is fixed for a form.
struct FormatFacts {
    name: &'static str,
    about: &'static str,
    media_type: &'static str,
    extension: &'static str,
    render: fn(&Report, &mut dyn Write, &RenderOptions) -> io::Result<()>,
}

/// What the caller knows and a report does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns that a table may take.
    pub width: usize,
    /// Whether a table is coloured.
    pub color: bool,
    /// Whether a table lists packages by licence.
    pub licences: bool,
    /// Whether a table lists findings that do not count.
    pub suppressed: bool,
    /// The time to date documents with and to tell the age of advisories by.
    pub now: DateTime<Utc>,
    /// The commit whose image it is, for documents that name it.
    pub commit: Option<Commit>,
}

/// A commit, and the run that scanned what was built of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// The branch or tag, as `refs/heads/main`.
    pub reference: String,
    /// Id of the run.
    pub job: String,
    /// What later runs of the same job have in common.
    pub correlator: String,
}

impl RenderOptions {
    /// 80 columns without colour.
    pub const fn plain(now: DateTime<Utc>) -> Self {
        Self {
            width: 80,
            color: false,
            licences: false,
            suppressed: false,
            now,
            commit: None,
        }
    }
}

impl Format {
    /// Every form.
    pub const ALL: [Format; 13] = [
        Format::Table,
        Format::Json,
        Format::Cyclonedx,
        Format::Cyclonedx17,
        Format::Spdx,
        Format::Sarif,
        Format::Gitlab,
        Format::Github,
        Format::Junit,
        Format::Markdown,
        Format::Html,
        Format::Csv,
        Format::Ndjson,
    ];

    const fn facts(self) -> FormatFacts {
        match self {
            Format::Table => FormatFacts {
                name: "table",
                about: "For people.",
                media_type: "text/plain; charset=utf-8",
                extension: "txt",
                render: table::render,
            },
            Format::Json => FormatFacts {
                name: "json",
                about: "Everything, in the documented schema.",
                media_type: "application/json",
                extension: "json",
                render: json::render,
            },
            Format::Cyclonedx => FormatFacts {
                name: "cyclonedx",
                about: "A CycloneDX 1.6 bill of materials with its vulnerabilities.",
                media_type: "application/vnd.cyclonedx+json; version=1.6",
                extension: "cdx.json",
                render: cyclonedx::render_1_6,
            },
            Format::Cyclonedx17 => FormatFacts {
                name: "cyclonedx-1.7",
                about: "The same as CycloneDX 1.7.",
                media_type: "application/vnd.cyclonedx+json; version=1.7",
                extension: "cdx.json",
                render: cyclonedx::render_1_7,
            },
            Format::Spdx => FormatFacts {
                name: "spdx",
                about: "An SPDX 2.3 document.",
                media_type: "application/spdx+json",
                extension: "spdx.json",
                render: spdx::render,
            },
            Format::Sarif => FormatFacts {
                name: "sarif",
                about: "SARIF 2.1.0, for code scanning pages.",
                media_type: "application/sarif+json",
                extension: "sarif",
                render: sarif::render,
            },
            Format::Gitlab => FormatFacts {
                name: "gitlab",
                about: "GitLab's container scanning report.",
                media_type: "application/vnd.gitlab.container-scanning+json",
                extension: "gitlab.json",
                render: gitlab::render,
            },
            Format::Github => FormatFacts {
                name: "github",
                about: "A snapshot for GitHub's dependency submission.",
                media_type: "application/vnd.github.dependency-snapshot+json",
                extension: "github.json",
                render: github::render,
            },
            Format::Junit => FormatFacts {
                name: "junit",
                about: "JUnit XML, for pages of test results.",
                media_type: "application/xml",
                extension: "xml",
                render: junit::render,
            },
            Format::Markdown => FormatFacts {
                name: "markdown",
                about: "Markdown, for comments on pull requests.",
                media_type: "text/markdown; charset=utf-8",
                extension: "md",
                render: markdown::render,
            },
            Format::Html => FormatFacts {
                name: "html",
                about: "One HTML file.",
                media_type: "text/html; charset=utf-8",
                extension: "html",
                render: html::render,
            },
            Format::Csv => FormatFacts {
                name: "csv",
                about: "Rows for a spreadsheet.",
                media_type: "text/csv; charset=utf-8",
                extension: "csv",
                render: csv::render,
            },
            Format::Ndjson => FormatFacts {
                name: "ndjson",
                about: "One JSON object a line, for machines that stream.",
                media_type: "application/x-ndjson",
                extension: "ndjson",
                render: ndjson::render,
            },
        }
    }

    /// The word for it on the command line.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// What it is, for people.
    pub const fn about(self) -> &'static str {
        self.facts().about
    }

    /// The form of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Its media type, parameters included.
    pub const fn media_type(self) -> &'static str {
        self.facts().media_type
    }

    /// The end of a file's name, without the leading dot.
    pub const fn extension(self) -> &'static str {
        self.facts().extension
    }

    /// Writes a report in this form.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn render(
        self,
        report: &Report,
        out: &mut dyn Write,
        options: &RenderOptions,
    ) -> io::Result<()> {
        (self.facts().render)(report, out, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_by_its_own_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("xml"), None);
    }
}
