//! One JSON object a line, each with its `type`: first the report without its lists, then each package,
//! finding, suppressed
//! finding, secret, check and coverage entry, as the JSON form has them.

use std::io::{self, Write};

use serde::Serialize;

use crate::{RenderOptions, Report};

/// A line: a word for what it is, beside its own fields.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    content: &'a T,
}

/// The report without its lists.
#[derive(Serialize)]
struct Head<'a> {
    schema_version: &'a str,
    source: &'a str,
    image: &'a Option<crate::Image>,
    distro: &'a Option<crate::Distro>,
    advisories: &'a Option<crate::Advisories>,
    summary: crate::Summary,
}

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    let head = Head {
        schema_version: &report.schema_version,
        source: &report.source,
        image: &report.image,
        distro: &report.distro,
        advisories: &report.advisories,
        summary: report.summary,
    };
    write_lines(out, "report", &[head])?;
    write_lines(out, "package", &report.packages)?;
    write_lines(out, "finding", &report.findings)?;
    write_lines(out, "suppressed", &report.suppressed)?;
    write_lines(out, "secret", report.secrets.as_deref().unwrap_or_default())?;
    write_lines(out, "check", report.checks.as_deref().unwrap_or_default())?;
    write_lines(out, "coverage", &report.coverage)
}

fn write_lines<T: Serialize>(
    out: &mut dyn Write,
    kind: &'static str,
    items: &[T],
) -> io::Result<()> {
    for content in items {
        serde_json::to_writer(&mut *out, &Line { kind, content })?;
        writeln!(out)?;
    }
    Ok(())
}
