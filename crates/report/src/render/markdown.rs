//! Markdown for a comment on a pull request: the worst in sight, the rest folded, and never longer than
//! what code hosts take.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use scanyard_package::Severity;

use super::text::{count, printable};
use super::wording::{packages_by_purl, page_of, suppression_sentence};
use crate::{Finding, Package, RenderOptions, Report};

/// Bytes of a comment. GitHub takes 65,536 characters, with what the sender adds around it.
const LONGEST: usize = 60_000;
/// Findings that are in sight without unfolding.
const IN_SIGHT: usize = 10;

pub fn render(report: &Report, out: &mut dyn Write, _: &RenderOptions) -> io::Result<()> {
    out.write_all(comment(report).as_bytes())
}

fn comment(report: &Report) -> String {
    let mut text = Comment::default();
    text.push(&format!(
        "### Scanyard: {}\n\n{}\n",
        code(&report.source),
        headline(report)
    ));
    let packages = packages_by_purl(report);
    let (in_sight, folded) = report
        .findings
        .split_at(report.findings.len().min(IN_SIGHT));
    if !in_sight.is_empty() {
        text.push(TABLE_HEAD);
        text.rows(in_sight, |finding| row(finding, &packages));
    }
    text.fold(
        &count(folded.len(), "more finding"),
        TABLE_HEAD,
        folded,
        |finding| row(finding, &packages),
    );
    let secrets = report.secrets.as_deref().unwrap_or_default();
    text.fold(&count(secrets.len(), "secret"), "\n", secrets, |secret| {
        let place = code(&secret.place());
        format!(
            "- **{}** {} in {place}\n",
            secret.severity,
            escape(&secret.title)
        )
    });
    let checks = report.checks.as_deref().unwrap_or_default();
    text.fold(
        &count(checks.len(), "failed check"),
        "\n",
        checks,
        |check| {
            format!(
                "- **{}** {}: {}\n",
                check.severity,
                escape(&check.title),
                escape(&check.remedy)
            )
        },
    );
    let suppressed = &report.suppressed;
    text.fold(
        &format!("{} suppressed", count(suppressed.len(), "finding")),
        "\n",
        suppressed,
        |s| {
            format!(
                "- {} in {}: {}\n",
                escape(&s.finding.id),
                code(&s.finding.package),
                escape(&suppression_sentence(&s.by))
            )
        },
    );
    let not_assessed = format!("Not assessed: {}", count(report.coverage.len(), "entry"));
    text.fold(&not_assessed, "\n", &report.coverage, |entry| {
        format!("- {}: {}\n", code(&entry.subject), escape(&entry.detail))
    });
    text.finish(report)
}

const TABLE_HEAD: &str = "\n| Severity | Vulnerability | Package | Installed | Fixed in |\n\
    | --- | --- | --- | --- | --- |\n";

fn headline(report: &Report) -> String {
    let summary = &report.summary;
    let counts = Severity::WORST_FIRST.map(|severity| (summary.count(severity), severity));
    let mut parts: Vec<_> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {severity}"))
        .collect();
    if summary.undetermined > 0 {
        parts.push(format!("{} undetermined", summary.undetermined));
    }
    let found = match (parts.is_empty(), summary.complete) {
        (false, _) => format!("**{}**", parts.join(", ")),
        (true, true) => "**No vulnerabilities found**".to_owned(),
        (true, false) => "**No vulnerabilities found in what could be assessed**".to_owned(),
    };
    let packages = count(report.packages.len(), "package");
    match report.coverage.len() {
        0 => format!("{found} in {packages}."),
        gaps => format!("{found} in {packages}. :warning: {gaps} not assessed, see below."),
    }
}

fn row(finding: &Finding, packages: &HashMap<&str, &Package>) -> String {
    let (name, version) = match packages.get(finding.package.as_str()) {
        Some(package) => (package.name.as_str(), package.version.as_str()),
        None => (finding.package.as_str(), ""),
    };
    let severity = match finding.is_affected() {
        true => finding.severity.to_string(),
        false => "undetermined".to_owned(),
    };
    let exploited = if finding.known_exploited {
        " **exploited**"
    } else {
        ""
    };
    let fixed = match finding.fixed_versions.as_slice() {
        [] => escape(&finding.fix_state.name().replace('_', " ")),
        versions => versions
            .iter()
            .map(|v| code(v))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let id = format!("[{}]({})", escape(&finding.id), page_of(&finding.id));
    format!(
        "| {severity} | {id}{exploited} | {} | {} | {fixed} |\n",
        code(name),
        code(version)
    )
}

/// Text that nobody can break out of: no mark-up, no mention, no line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in a fixed font, where nothing but the bar of a table means anything.
fn code(text: &str) -> String {
    let text = printable(text).replace('`', "'").replace('|', "\\|");
    match text.trim().is_empty() {
        true => String::new(),
        false => format!("`{text}`"),
    }
}

/// A comment that grows until it is full.
#[derive(Default)]
struct Comment {
    text: String,
    left_out: usize,
}

impl Comment {
    fn push(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= LONGEST;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    fn rows<T>(&mut self, items: &[T], row: impl Fn(&T) -> String) {
        for (index, item) in items.iter().enumerate() {
            if !self.push(&row(item)) {
                self.left_out += items.len() - index;
                return;
            }
        }
    }

    /// Items behind a line that unfolds them; nothing without any.
    fn fold<T>(&mut self, title: &str, head: &str, items: &[T], row: impl Fn(&T) -> String) {
        if items.is_empty() {
            return;
        }
        let opening = format!("\n<details><summary>{}</summary>\n{head}", escape(title));
        if self.push(&opening) {
            self.rows(items, row);
            self.text.push_str("\n</details>\n");
        } else {
            self.left_out += items.len();
        }
    }

    fn finish(mut self, report: &Report) -> String {
        if self.left_out > 0 {
            let _ = write!(
                self.text,
                "\n{} lines left out: the comment is full.\n",
                self.left_out
            );
        }
        if let Some(advisories) = &report.advisories {
            let date = advisories.date.format("%Y-%m-%d");
            let _ = write!(self.text, "\n<sub>Advisories of {date}</sub>\n");
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_markup_or_calls_anyone() {
        assert_eq!(escape("a|b <i> @me\n# x"), "a\\|b &lt;i&gt; &#64;me \\# x");
        assert_eq!(code("a`b|c\nd"), "`a'b\\|c d`");
        assert_eq!(code(" "), "");
    }

    #[test]
    fn a_full_comment_says_what_it_leaves_out() {
        let mut comment = Comment::default();
        comment.fold("many", "\n", &[0; 2_000], |_| "x".repeat(100));
        assert!(comment.text.len() <= LONGEST + 20);
        assert!(comment.left_out > 1_000);
        assert!(comment.text.ends_with("</details>\n"));
    }
}
