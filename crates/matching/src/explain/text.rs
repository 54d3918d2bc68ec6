//! An explanation as people read it.

use std::fmt::{self, Display, Formatter};

use scanyard_advisory::Relation;

use super::{Comparison, Explanation, Outcome, RecordExplanation, Statement};

/// Longest list of other packages that is written out.
const SHOWN: usize = 5;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in {}", self.id, self.package)?;
        match &self.compared_as {
            Some(as_) => writeln!(
                f,
                "Compared as {} {} of {}.",
                as_.name, as_.version, as_.ecosystem
            )?,
            None => writeln!(
                f,
                "No advisories speak of this package's distro; give it as in pkg:deb/debian/zlib1g@1.2?distro=debian-12."
            )?,
        }
        for record in &self.records {
            writeln!(f)?;
            write_record(f, record)?;
        }
        writeln!(f)?;
        write!(f, "Verdict: {}", verdict(self))
    }
}

fn verdict(explanation: &Explanation) -> String {
    let id = &explanation.id;
    match &explanation.outcome {
        Outcome::UnknownId => format!(
            "none. {id} is unknown: no advisory of this revision has or names it. Check its spelling, or update the advisories with `scanyard db update`."
        ),
        Outcome::NotAboutPackage => format!(
            "not affected. {id} is known, but no record of it that counts speaks of this package here."
        ),
        Outcome::KernelHeaders => format!(
            "not affected. The package holds headers of a kernel only; {id} is in the kernel's code, and the kernel that runs is the host's."
        ),
        Outcome::Judged {
            verdict,
            decided_by,
        } => format!("{verdict}, by {decided_by}."),
    }
}

fn write_record(f: &mut Formatter<'_>, record: &RecordExplanation) -> fmt::Result {
    write!(f, "{}", record.id)?;
    match record.relation {
        Relation::Id => {}
        Relation::Alias => write!(f, " (the same flaw)")?,
        Relation::Upstream => write!(f, " (follows from it)")?,
        Relation::Related => write!(f, " (names it as related)")?,
    }
    if !record.summary.is_empty() {
        write!(f, ": {}", record.summary)?;
    }
    writeln!(f)?;
    write_statement(f, &record.statement)
}

fn write_statement(f: &mut Formatter<'_>, statement: &Statement) -> fmt::Result {
    match statement {
        Statement::Withdrawn(date) => {
            writeln!(f, "  does not apply: withdrawn by its publisher on {date}")
        }
        Statement::OnlyRelated => {
            writeln!(
                f,
                "  does not apply: it is about another flaw and names this one as related"
            )
        }
        Statement::NoVulnerability => writeln!(
            f,
            "  does not apply: a bug fix or enhancement that names no CVE"
        ),
        Statement::OtherEcosystems(ecosystems) => {
            writeln!(
                f,
                "  does not apply: it speaks of this package in {}",
                listed(ecosystems)
            )
        }
        Statement::OtherPackages(packages) => {
            writeln!(f, "  does not apply: it speaks of {}", listed(packages))
        }
        Statement::Compared {
            comparisons,
            verdict,
            reason,
        } => {
            for comparison in comparisons {
                write_comparison(f, comparison)?;
            }
            writeln!(f, "  {verdict}: {reason}")
        }
    }
}

fn write_comparison(f: &mut Formatter<'_>, comparison: &Comparison) -> fmt::Result {
    match comparison {
        Comparison::Range { steps, result } => {
            writeln!(f, "  range: {result}")?;
            let width = steps
                .iter()
                .map(|(event, _)| event.len())
                .max()
                .unwrap_or(0);
            for (event, result) in steps {
                writeln!(f, "    {event:width$}  {result}")?;
            }
            Ok(())
        }
        Comparison::Versions {
            listed,
            found: Some(found),
        } => writeln!(f, "  list of {listed} versions: has {found}"),
        Comparison::Versions {
            listed,
            found: None,
        } => writeln!(f, "  list of {listed} versions: does not have it"),
    }
}

fn listed(words: &[String]) -> String {
    let shown = words
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match words.len().saturating_sub(SHOWN) {
        0 if shown.is_empty() => "no package".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
