//! Where reports go, and what they mean for the exit code.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use chrono::Utc;
use scanyard_policy::{Gate, Verdict};
use scanyard_report::{Format, RenderOptions, Report};

use crate::cli::{GateArgs, OutputArgs, ReportFormat};
use crate::exit::{Exit, Failure};

/// Columns of a table that no terminal shows.
const PLAIN_WIDTH: usize = 100;
const NARROWEST: usize = 60;

impl From<ReportFormat> for Format {
    fn from(format: ReportFormat) -> Self {
        match format {
            ReportFormat::Table => Format::Table,
            ReportFormat::Json => Format::Json,
            ReportFormat::Cyclonedx => Format::Cyclonedx,
            ReportFormat::Sarif => Format::Sarif,
        }
    }
}

/// Prints a report, or writes it to the file that was asked for: whole, or not at all.
pub fn write(report: &Report, args: &OutputArgs) -> anyhow::Result<()> {
    let format = Format::from(args.format);
    match &args.output {
        Some(file) => write_file(report, format, file, args).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Failure::new(message, "check the directory and its free space").into()
        }),
        None => print(report, format, args).map_err(|error| {
            let message = format!("cannot write to standard output: {error}");
            Failure::new(message, "write to a file with --output").into()
        }),
    }
}

fn write_file(report: &Report, format: Format, file: &Path, args: &OutputArgs) -> io::Result<()> {
    let options = options(PLAIN_WIDTH, false, args);
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if fs::metadata(file).is_ok_and(|existing| !existing.is_file()) {
        // A pipe or device is written to, not replaced.
        let mut device = fs::OpenOptions::new().write(true).open(file)?;
        format.render(report, &mut device, &options)?;
        return device.flush();
    }
    let mut whole = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)?;
    {
        let mut buffered = io::BufWriter::new(whole.as_file_mut());
        format.render(report, &mut buffered, &options)?;
        buffered.flush()?;
    }
    whole.persist(file)?;
    Ok(())
}

fn print(report: &Report, format: Format, args: &OutputArgs) -> io::Result<()> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let width = if terminal {
        terminal_width()
    } else {
        PLAIN_WIDTH
    };
    let color = terminal && std::env::var_os("NO_COLOR").is_none();
    let mut buffered = io::BufWriter::new(stdout.lock());
    let printed = format
        .render(report, &mut buffered, &options(width, color, args))
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
    }
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
    match verdict {
        Verdict::Passed => Exit::Done,
        Verdict::Failed { .. } | Verdict::Secrets { .. } | Verdict::Checks { .. } => {
            Exit::GateFailed
        }
        Verdict::NotLookedFor { .. } | Verdict::Incomplete { .. } => Exit::Incomplete,
    }
}
