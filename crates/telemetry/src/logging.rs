//! Log lines on standard error, so that standard output stays free for results.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

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

/// Begins to log what the filter lets through. Later calls in the same process change nothing.
///
/// # Errors
///
/// [`InvalidFilter`] when the filter cannot be read.
pub fn init_logging(filter: &str, format: LogFormat) -> Result<(), InvalidFilter> {
    let filter = EnvFilter::builder().parse(filter)?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
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
    // A second call finds the first one's subscriber, which is as good.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(init_logging("scanyard_worker=loud", LogFormat::Text).is_err());
    }

    #[test]
    fn logging_may_be_begun_twice() {
        assert!(init_logging("warn,scanyard_worker=debug", LogFormat::Json).is_ok());
        assert!(init_logging("info", LogFormat::Text).is_ok());
    }
}
