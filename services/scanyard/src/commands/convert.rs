//! `scanyard convert`: a stored JSON report in another form.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use scanyard_report::{Report, SCHEMA_VERSION};

use crate::cli::ConvertArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Bytes of a report. One of 10,000 packages and 10,000 findings has some 20 MiB.
const LONGEST: u64 = 512 << 20;

/// Reads a report and writes it again.
pub fn run(args: &ConvertArgs) -> anyhow::Result<Exit> {
    let report = read_report(&args.report)?;
    output::write(&report, None, &args.output)?;
    Ok(output::judge(&report, &args.gate))
}

/// Reads a report that was stored as JSON; `-` is standard input.
///
/// # Errors
///
/// When it cannot be read, is too long, or is no report of a version that this program reads.
pub fn read_report(file: &Path) -> anyhow::Result<Report> {
    let bytes = read_bytes(file).map_err(|error| {
        let message = format!("cannot read {}: {error}", file.display());
        Failure::new(message, "name a report written with --format json")
    })?;
    parse(&bytes).map_err(|reason| {
        let message = format!("{} is no report: {reason}", file.display());
        Failure::new(message, "write one with scanyard scan IMAGE --format json").into()
    })
}

fn read_bytes(file: &Path) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(file)?),
    };
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let message = format!("it is longer than {} MiB", LONGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Report, String> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: String,
    }
    let version: Version = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&version.schema_version) != major(SCHEMA_VERSION) {
        let theirs = version.schema_version;
        return Err(format!(
            "it has schema version {theirs:?}, and this program reads {SCHEMA_VERSION}"
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_says_why() {
        let reason = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert!(reason("{").contains("EOF"));
        assert!(reason("{}").contains("schema_version"));
        assert!(reason(r#"{"schema_version": "2.0"}"#).contains("reads 1."));
        assert!(reason(r#"{"schema_version": "1.0"}"#).contains("source"));
    }
}
