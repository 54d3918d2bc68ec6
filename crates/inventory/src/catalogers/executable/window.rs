//! A stretch of a stream that moves forward, seen by every visitor.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memmem;

/// Bytes around a fresh place that are in the window with it, except where the file begins or
/// ends. What a visitor concludes from no more than that does not depend on how the file was cut.
pub const CONTEXT: usize = 2 << 10;

/// What has been read of a file and not yet dropped.
pub struct Window<'a> {
    stream: &'a mut dyn Read,
    chunk: usize,
    bytes: Vec<u8>,
    start: u64,
    fresh: Range<usize>,
    ended: bool,
}

impl<'a> Window<'a> {
    /// Nothing yet of a file that is read in chunks of this size.
    pub fn new(stream: &'a mut dyn Read, chunk: usize) -> Self {
        Self {
            stream,
            chunk,
            bytes: Vec::with_capacity(chunk + 2 * CONTEXT),
            start: 0,
            fresh: 0..0,
            ended: false,
        }
    }

    /// The bytes in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the file its first byte lies.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Places in [`Self::bytes`] that were not fresh before. Every place of a file is so once.
    pub fn fresh(&self) -> Range<usize> {
        self.fresh.clone()
    }

    /// Moves on by a chunk; false when every place has been fresh.
    pub fn advance(&mut self) -> io::Result<bool> {
        if self.ended && self.fresh.end == self.bytes.len() {
            return Ok(false);
        }
        let dropped = self.fresh.end.saturating_sub(CONTEXT);
        self.bytes.drain(..dropped);
        self.start += dropped as u64;
        self.read(self.chunk)?;
        let from = self.fresh.end - dropped;
        let held = self.bytes.len();
        let until = if self.ended {
            held
        } else {
            held.saturating_sub(CONTEXT)
        };
        self.fresh = from..until.max(from);
        Ok(true)
    }

    /// Reads ahead until it holds so many bytes; false when the file ends before.
    pub fn ensure(&mut self, length: usize) -> io::Result<bool> {
        let missing = length.saturating_sub(self.bytes.len());
        if missing > 0 {
            self.read(missing)?;
        }
        Ok(self.bytes.len() >= length)
    }

    /// The first fresh place from `from` on at which this begins.
    pub fn find(&self, needle: &memmem::Finder<'_>, from: usize) -> Option<usize> {
        let until = self.fresh.end + needle.needle().len().saturating_sub(1);
        let bytes = self.bytes.get(from..until.min(self.bytes.len()))?;
        needle.find(bytes).map(|found| from + found)
    }

    fn read(&mut self, count: usize) -> io::Result<()> {
        let mut limited = (&mut *self.stream).take(count as u64);
        self.ended = limited.read_to_end(&mut self.bytes)? < count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_fresh_once_whatever_the_chunks() {
        let file: Vec<u8> = (0..20_000u32).map(|at| at as u8).collect();
        for chunk in [1, 700, CONTEXT, 9_999, 20_000, 30_000] {
            let mut stream = file.as_slice();
            let mut window = Window::new(&mut stream, chunk);
            let mut next = 0;
            while window.advance().unwrap() {
                let fresh = window.fresh();
                assert_eq!(window.start() as usize + fresh.start, next);
                next += fresh.len();
                let (before, after) = (fresh.start, window.bytes().len() - fresh.end);
                assert!(before >= CONTEXT || window.start() == 0);
                assert!(fresh.is_empty() || after >= CONTEXT || next == file.len());
            }
            assert_eq!(next, file.len(), "chunk {chunk}");
        }
    }
}
