//! The three answers, and what made them.

use std::fmt;

use scanyard_advisory::{Disposition, Event};

use crate::installed::Unreadable;

/// What advisories say about a package, in the order in which one prevails over another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// No range and no list holds the version.
    NotAffected,
    /// A version could not be read or compared.
    Undetermined,
    /// A range or a list holds the version.
    Affected,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::NotAffected => "not affected",
            Verdict::Undetermined => "undetermined",
            Verdict::Affected => "affected",
        })
    }
}

/// What in a record decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason<'a> {
    /// The list of versions holds it, in this spelling.
    Listed(&'a str),
    /// A range holds it.
    Inside {
        introduced: &'a str,
        end: Option<Event<'a>>,
    },
    /// Neither a range nor the list holds it.
    Outside,
    /// Every range is about another build of the package: another module, or none.
    OtherBuild,
    /// Versions could not be compared.
    Unreadable(Unreadable),
    /// The publisher gives git commits only.
    OnlyGit,
    /// The publisher names the package and no versions.
    NoVersions,
    /// The publisher says so, whatever the version: the package does not have the flaw, or nobody
    /// knows yet.
    Stated(Disposition),
}

impl Reason<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Reason::Listed(_) | Reason::Inside { .. } => Verdict::Affected,
            Reason::Outside | Reason::OtherBuild | Reason::Stated(Disposition::NotAffected) => {
                Verdict::NotAffected
            }
            Reason::Stated(_) => Verdict::Undetermined,
            Reason::Unreadable(_) | Reason::OnlyGit | Reason::NoVersions => Verdict::Undetermined,
        }
    }

    /// The reason as a sentence about this version.
    pub(crate) fn sentence(&self, installed: &str) -> String {
        match self {
            Reason::Listed(listed) if *listed == installed => {
                format!("{installed} is in the list of affected versions")
            }
            Reason::Listed(listed) => {
                format!("{installed} is {listed}, which is in the list of affected versions")
            }
            Reason::Inside { introduced, end } => inside(installed, introduced, *end),
            Reason::Outside => format!("{installed} is in no affected range or list"),
            Reason::OtherBuild => {
                format!("the ranges are about other module builds than {installed}")
            }
            Reason::Unreadable(unreadable) => unreadable.to_string(),
            Reason::OnlyGit => "the advisory names git commits only".to_owned(),
            Reason::Stated(Disposition::NotAffected) => {
                "the publisher says that the package does not have the flaw".to_owned()
            }
            Reason::Stated(_) => {
                "the publisher is still looking whether the package has the flaw".to_owned()
            }
            Reason::NoVersions => {
                "the advisory does not say which versions are affected".to_owned()
            }
        }
    }
}

fn inside(installed: &str, introduced: &str, end: Option<Event<'_>>) -> String {
    let from = match introduced {
        "0" => String::new(),
        introduced => format!("from {introduced} "),
    };
    match end {
        Some(Event::Fixed(fixed)) => format!("{installed} is in the range {from}before {fixed}"),
        Some(Event::LastAffected(last)) => {
            format!("{installed} is in the range {from}up to and including {last}")
        }
        _ if from.is_empty() => format!("every version is affected, {installed} too"),
        _ => format!("{installed} is in the range {from}on, which has no end yet"),
    }
}
