//! The stream of an archive, with what lies just ahead.

use std::io::{ErrorKind, Read};

use super::ZipError;

/// Holds every header with its name and its extra fields whole.
pub const CAPACITY: usize = 256 << 10;

/// A stretch of a stream that moves forward.
pub struct Source<'a> {
    stream: &'a mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    position: u64,
    ended: bool,
}

impl<'a> Source<'a> {
    pub fn new(stream: &'a mut dyn Read) -> Self {
        Self {
            stream,
            buffer: vec![0; CAPACITY],
            start: 0,
            end: 0,
            position: 0,
            ended: false,
        }
    }

    /// What has been read and not yet consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Bytes of the stream before those.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether nothing follows those.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads until it holds so many bytes, [`CAPACITY`] at most; false when the stream ends before.
    pub fn fill(&mut self, length: usize) -> Result<bool, ZipError> {
        if self.start + length > CAPACITY || self.start == self.end {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < length.min(CAPACITY) && !self.ended {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.end - self.start >= length)
    }

    /// Moves over bytes that it holds.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.position += count as u64;
    }
}
