//! Where reports go, and what they mean for the exit code.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use chrono::Utc;
use scanyard_policy::{Decision, Gate, Verdict};
use scanyard_report::{Commit, Format, RenderOptions, Report};
use serde::Serialize;

use crate::cli::{GateArgs, OutputArgs};
use crate::exit::{Exit, Failure};
use crate::policies;

/// Columns of a table that no terminal shows.
const PLAIN_WIDTH: usize = 100;
const NARROWEST: usize = 60;

/// What is written: a report, with what policies say about it in the form that holds everything.
#[derive(Clone, Copy)]
struct Answer<'a> {
    report: &'a Report,
    decision: Option<&'a Decision>,
}

/// A report with what policies say about it beside.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    report: &'a Report,
    decision: &'a Decision,
}

impl Answer<'_> {
    fn render(
        self,
        format: Format,
        out: &mut dyn Write,
        options: &RenderOptions,
    ) -> io::Result<()> {
        let Answer { report, decision } = self;
        match (format, decision) {
            (Format::Json, Some(decision)) => {
                serde_json::to_writer_pretty(&mut *out, &Judged { report, decision })?;
                writeln!(out)
            }
            _ => format.render(report, out, options),
        }
    }
}

/// Prints a report, and writes it to the files that were asked for: each whole, or not at all.
pub fn write(
    report: &Report,
    decision: Option<&Decision>,
    args: &OutputArgs,
) -> anyhow::Result<()> {
    let answer = Answer { report, decision };
    for output in &args.output {
        let (file, format) = (&output.file, output.format.unwrap_or(args.format));
        write_file(answer, format, file, args).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Failure::new(message, "check the directory and its free space")
        })?;
    }
    if args.prints() {
        print(answer, args.format, args).map_err(|error| {
            let message = format!("cannot write to standard output: {error}");
            Failure::new(message, "write to a file with --output")
        })?;
    }
    Ok(())
}

fn write_file(
    answer: Answer<'_>,
    format: Format,
    file: &Path,
    args: &OutputArgs,
) -> io::Result<()> {
    let options = options(PLAIN_WIDTH, false, args);
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if fs::metadata(file).is_ok_and(|existing| !existing.is_file()) {
        // A pipe or device is written to, not replaced.
        let mut device = fs::OpenOptions::new().write(true).open(file)?;
        answer.render(format, &mut device, &options)?;
        return device.flush();
    }
    let mut whole = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)?;
    {
        let mut buffered = io::BufWriter::new(whole.as_file_mut());
        answer.render(format, &mut buffered, &options)?;
        buffered.flush()?;
    }
    whole.persist(file)?;
    Ok(())
}

fn print(answer: Answer<'_>, format: Format, args: &OutputArgs) -> io::Result<()> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let width = if terminal {
        terminal_width()
    } else {
        PLAIN_WIDTH
    };
    let color = terminal && std::env::var_os("NO_COLOR").is_none();
    let mut buffered = io::BufWriter::new(stdout.lock());
    let printed = answer
        .render(format, &mut buffered, &options(width, color, args))
        .and_then(|()| buffered.flush());
    match printed {
        // `scanyard scan ... | head` has read what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

fn options(width: usize, color: bool, args: &OutputArgs) -> RenderOptions {
    RenderOptions {
        width,
        color,
        licences: args.licences,
        suppressed: args.show_suppressed,
        now: Utc::now(),
        commit: commit(),
    }
}

/// The commit that a workflow of GitHub runs for.
fn commit() -> Option<Commit> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (workflow, job) = (variable("GITHUB_WORKFLOW"), variable("GITHUB_JOB"));
    Some(Commit {
        sha: variable("GITHUB_SHA")?,
        reference: variable("GITHUB_REF")?,
        job: variable("GITHUB_RUN_ID")?,
        correlator: [workflow, job]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("_"),
    })
}

fn terminal_width() -> usize {
    let columns = terminal_size::terminal_size().map_or(PLAIN_WIDTH, |(width, _)| width.0.into());
    columns.max(NARROWEST)
}

/// What the report means for the exit code; why a gate failed goes to standard error.
pub fn judge(report: &Report, args: &GateArgs) -> Exit {
    let gate = Gate {
        fail_on: args.fail_on.map(Into::into),
        fail_on_secrets: args.fail_on_secrets,
        fail_on_checks: args.fail_on_checks.map(Into::into),
        require_complete: args.require_complete,
    };
    let verdict = gate.evaluate(report);
    match verdict {
        Verdict::Passed => return Exit::Done,
        _ => anstream::eprintln!("{verdict}"),
    }
    policies::exit_of(verdict.outcome())
}
