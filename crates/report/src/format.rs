//! The list of forms that a report is rendered in.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use crate::Report;
use crate::render::{cyclonedx, json, sarif, table};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Table,
    /// Everything, in the documented schema.
    Json,
    /// A CycloneDX 1.6 bill of materials with its vulnerabilities.
    Cyclonedx,
    /// SARIF 2.1.0, for code scanning pages.
    Sarif,
}

/// What is fixed for a form.
struct FormatFacts {
    name: &'static str,
    media_type: &'static str,
    extension: &'static str,
    render: fn(&Report, &mut dyn Write, &RenderOptions) -> io::Result<()>,
}

/// What the caller knows and a report does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        }
    }
}

impl Format {
    /// Every form.
    pub const ALL: [Format; 4] = [
        Format::Table,
        Format::Json,
        Format::Cyclonedx,
        Format::Sarif,
    ];

    const fn facts(self) -> FormatFacts {
        match self {
            Format::Table => FormatFacts {
                name: "table",
                media_type: "text/plain; charset=utf-8",
                extension: "txt",
                render: table::render,
            },
            Format::Json => FormatFacts {
                name: "json",
                media_type: "application/json",
                extension: "json",
                render: json::render,
            },
            Format::Cyclonedx => FormatFacts {
                name: "cyclonedx",
                media_type: "application/vnd.cyclonedx+json; version=1.6",
                extension: "cdx.json",
                render: cyclonedx::render,
            },
            Format::Sarif => FormatFacts {
                name: "sarif",
                media_type: "application/sarif+json",
                extension: "sarif",
                render: sarif::render,
            },
        }
    }

    /// The word for it on the command line.
    pub const fn name(self) -> &'static str {
        self.facts().name
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
