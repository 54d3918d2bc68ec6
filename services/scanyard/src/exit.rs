//! How a command ends: exit codes, and errors with their remedy.

use std::process::ExitCode;

/// What scripts read: the process's exit code.
///
/// Ordered: of several images the worst decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done; a scan ran to its end and passed its gate.
    Done,
    /// Something could not be assessed and completeness was required.
    Incomplete,
    /// The gate failed.
    GateFailed,
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
        Self {
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// A failure that says what an error and its causes say.
    pub fn of(error: &(dyn std::error::Error + 'static), remedy: impl Into<String>) -> Self {
        Self::new(causes(error), remedy)
    }
}

/// Prints what clap has to say; help and version are no errors.
pub fn report_usage(error: &clap::Error) -> ExitCode {
    // Printing fails only when nobody reads.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

/// Prints an error with its causes and its remedy, and says which code to exit with.
pub fn report_error(error: &anyhow::Error) -> ExitCode {
    anstream::eprintln!("error: {}", printable(&causes(error.as_ref())));
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
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}

/// Text from elsewhere without control characters, which could rewrite the terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let error = anyhow::anyhow!("disk full").context("cannot write report: disk full");
        assert_eq!(causes(error.as_ref()), "cannot write report: disk full");
        let error = anyhow::anyhow!("disk full").context("cannot write report");
        assert_eq!(causes(error.as_ref()), "cannot write report: disk full");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a [2Jb ");
    }
}
