//! How a command ends: exit codes, and errors with their remedy.

use std::process::ExitCode;

/// What scripts read: the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; a scan ran to its end and passed its gate.
    Done,
    /// The gate failed.
    GateFailed,
    /// Something could not be assessed and completeness was required.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::GateFailed => 2,
            Exit::Incomplete => 3,
        })
    }
}

/// Exit code for what could not be done.
pub const FAILED: u8 = 1;
/// Exit code for wrong usage (`EX_USAGE` of sysexits).
pub const USAGE: u8 = 64;

/// Wrong usage that only shows after parsing: a source, platform or scheme that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// An error with what the user can do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong, on one line.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Failure {
    /// A failure with its remedy.
    pub fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: remedy.into() }
    }
}

/// Prints an error with its causes and its remedy, and says which code to exit with.
pub fn report_error(error: &anyhow::Error) -> ExitCode {
    anstream::eprintln!("error: {}", printable(&causes(error)));
    if let Some(failure) = error.downcast_ref::<Failure>()
        && !failure.remedy.is_empty()
    {
        anstream::eprintln!("  try: {}", printable(&failure.remedy));
    }
    if error.is::<Usage>() {
        anstream::eprintln!("  try: scanyard --help");
        return ExitCode::from(USAGE);
    }
    ExitCode::from(FAILED)
}

/// The error and what caused it, each cause once.
fn causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Text from elsewhere without control characters, which could rewrite the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let error = anyhow::anyhow!("disk full").context("cannot write report: disk full");
        assert_eq!(causes(&error), "cannot write report: disk full");
        let error = anyhow::anyhow!("disk full").context("cannot write report");
        assert_eq!(causes(&error), "cannot write report: disk full");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a [2Jb ");
    }
}
