//! A stretch of a stream that moves forward.

use std::io::{self, Read};

const CHUNK: usize = 256 << 10;

/// What has been read of a stream and not yet dropped.
pub struct Window<R> {
    stream: R,
    bytes: Vec<u8>,
    start: u64,
}

impl<R: Read> Window<R> {
    /// Nothing yet.
    pub fn new(stream: R) -> Self {
        Self {
            stream,
            bytes: Vec::with_capacity(2 * CHUNK),
            start: 0,
        }
    }

    /// The bytes in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the stream its first byte lies.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Reads one more chunk; false when the stream has ended.
    pub fn fill(&mut self) -> io::Result<bool> {
        self.read(CHUNK)
    }

    /// Reads until it holds so many bytes; false when the stream ends before.
    pub fn ensure(&mut self, length: usize) -> io::Result<bool> {
        let missing = length.saturating_sub(self.bytes.len());
        if missing > 0 {
            self.read(missing)?;
        }
        Ok(self.bytes.len() >= length)
    }

    /// Drops so many bytes at the front.
    pub fn drop_front(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.start += count as u64;
    }

    /// Drops all but so many bytes at the back.
    pub fn keep_back(&mut self, count: usize) {
        self.drop_front(self.bytes.len().saturating_sub(count));
    }

    /// Moves on to this place of the stream; false when it is behind, or beyond the end.
    pub fn move_to(&mut self, place: u64) -> io::Result<bool> {
        loop {
            let Some(ahead) = place.checked_sub(self.start) else {
                return Ok(false);
            };
            let held = self.bytes.len() as u64;
            if ahead <= held {
                self.drop_front(ahead as usize);
                return Ok(true);
            }
            self.keep_back(0);
            if !self.fill()? && self.bytes.is_empty() {
                return Ok(false);
            }
        }
    }

    fn read(&mut self, count: usize) -> io::Result<bool> {
        let mut limited = self.stream.by_ref().take(count as u64);
        Ok(limited.read_to_end(&mut self.bytes)? == count)
    }
}
