//! Why an archive cannot be read on.

use std::io;

/// Why an archive, or an entry in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The stream beneath failed; the archive may be fine.
    #[error("cannot read the stream")]
    Stream(#[source] io::Error),
    /// The archive is not what it should be.
    #[error("{0}")]
    Malformed(&'static str),
    /// A limit ends the reading.
    #[error("{0}")]
    Limit(String),
}

/// Content of an entry can be an archive in turn, whose stream gives these errors on.
impl From<ZipError> for io::Error {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Stream(error) => error,
            error => io::Error::other(error),
        }
    }
}

impl From<io::Error> for ZipError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<ZipError>() {
            Ok(error) => error,
            Err(error) => ZipError::Stream(error),
        }
    }
}
