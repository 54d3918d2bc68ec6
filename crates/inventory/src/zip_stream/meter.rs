//! What the reading of one file, with all archives in it, has cost so far.

use std::cell::Cell;
use std::io::{self, Read};

use super::ZipError;

/// Bytes that archives may inflate to, whatever their size.
const FREE: u64 = 64 << 20;
/// Bytes beyond, for each byte of the file read. What is entered is text and archives, which are
/// compressed already: real ones stay below three.
const RATIO: u64 = 20;
/// Archives in one file, at all levels together.
const ARCHIVES: u64 = 10_000;

/// Counts for one file. Archives within share it, so that nesting multiplies nothing.
#[derive(Debug, Default)]
pub struct Meter {
    read: Cell<u64>,
    inflated: Cell<u64>,
    archives: Cell<u64>,
    exhausted: Cell<bool>,
}

impl Meter {
    /// Counts inflated bytes.
    ///
    /// # Errors
    ///
    /// [`ZipError::Limit`] when they are too many for what has been read.
    pub fn spend(&self, bytes: u64) -> Result<(), ZipError> {
        let inflated = self.inflated.get().saturating_add(bytes);
        self.inflated.set(inflated);
        if inflated > FREE.saturating_add(RATIO.saturating_mul(self.read.get())) {
            let limit = format!("the archive inflates to more than {RATIO} times its size");
            return Err(self.exhaust(limit));
        }
        Ok(())
    }

    /// Counts an archive.
    ///
    /// # Errors
    ///
    /// [`ZipError::Limit`] when there are too many.
    pub fn enter(&self) -> Result<(), ZipError> {
        self.archives.set(self.archives.get() + 1);
        if self.archives.get() > ARCHIVES {
            let limit = format!("more than {ARCHIVES} archives lie in one another");
            return Err(self.exhaust(limit));
        }
        Ok(())
    }

    fn exhaust(&self, limit: String) -> ZipError {
        self.exhausted.set(true);
        ZipError::Limit(limit)
    }

    /// Whether the file has used up what it may.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }
}

/// The file's stream, whose bytes the meter counts.
pub struct Metered<'a> {
    stream: &'a mut dyn Read,
    meter: &'a Meter,
}

impl<'a> Metered<'a> {
    /// A stream of which nothing has been read.
    pub fn new(stream: &'a mut dyn Read, meter: &'a Meter) -> Self {
        Self { stream, meter }
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.meter.read.set(self.meter.read.get() + count as u64);
        Ok(count)
    }
}
