//! Why a compiled advisory database cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a compiled advisory database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Nothing is at that path.
    #[error("no advisory database at {path}")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file ends before the length that its header states.
    #[error("{path} is truncated: {actual} of {expected} bytes")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header states.
        expected: u64,
        /// Bytes that are there.
        actual: u64,
    },
    /// The content does not have the digests that were written with it.
    #[error("{path} was altered after it was written: {part} does not match its digest")]
    Altered {
        /// The file.
        path: PathBuf,
        /// Which part differs.
        part: String,
    },
    /// The file is something else.
    #[error("{path} is not an advisory database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file was written in another version of the format.
    #[error("{path} has format {found}, this program reads format {supported}")]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// The format number in the file.
        found: u32,
        /// The format number that this program reads and writes.
        supported: u32,
    },
    /// The operating system could not read it.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl DatabaseError {
    /// What to do about it, as a sentence for the person who sees the error.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "fetch one with `scanyard db update`, or build one with `scanyard db build`"
            }
            Self::Truncated { .. } | Self::Altered { .. } => {
                "delete the file and run `scanyard db update` or `scanyard db build` again"
            }
            Self::NotADatabase { .. } => {
                "name the file that `scanyard db build` or `scanyard db update` wrote, or its directory"
            }
            Self::OtherFormat { .. } => {
                "rebuild it with this version of the program: `scanyard db update` or `scanyard db build`"
            }
            Self::Io { .. } => "check that the file is readable by this user and the disk is sound",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}
