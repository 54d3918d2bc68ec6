//! Log lines on standard error, so that standard output stays free for results.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// A part of the subscriber.
pub(crate) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The filter is none that tracing understands.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log filter is not valid; write a level or module=level, separated by commas: info,scanyard_worker=debug"
)]
pub struct InvalidFilter(#[from] ParseError);

/// Log lines of what the filter lets through.
pub(crate) fn lines(filter: &str, format: LogFormat) -> Result<BoxedLayer, InvalidFilter> {
    let filter = EnvFilter::builder().parse(filter)?;
    let lines: BoxedLayer = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .boxed(),
    };
    Ok(lines.with_filter(filter).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(lines("scanyard_worker=loud", LogFormat::Text).is_err());
        assert!(lines("warn,scanyard_worker=debug", LogFormat::Json).is_ok());
    }
}
