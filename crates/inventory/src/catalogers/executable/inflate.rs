//! Compressed data that lies somewhere in an executable.

use std::io::{self, Read};

use flate2::read::{GzDecoder, ZlibDecoder};

use super::window::Window;

/// Most bytes that are read of what is compressed.
const MOST_COMPRESSED: usize = 16 << 20;
/// Most bytes that it may be inflated to.
const MOST_INFLATED: u64 = 32 << 20;
/// By how much the window reads ahead.
const STEP: usize = 64 << 10;

/// How data is compressed.
pub enum Form {
    Gzip,
    Zlib,
}

/// Inflates what begins at this place of the window; `None` if that is damaged, cut short or too
/// large.
///
/// # Errors
///
/// Only what reading the file gives.
pub fn inflate(window: &mut Window<'_>, at: usize, form: Form) -> io::Result<Option<Vec<u8>>> {
    let mut ahead = Ahead {
        window,
        at,
        until: at + MOST_COMPRESSED,
        failure: None,
    };
    let inflated = match form {
        Form::Gzip => read_bounded(GzDecoder::new(&mut ahead)),
        Form::Zlib => read_bounded(ZlibDecoder::new(&mut ahead)),
    };
    ahead.failure.map_or(Ok(inflated), Err)
}

fn read_bounded(decoder: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = decoder.take(MOST_INFLATED + 1).read_to_end(&mut bytes);
    (read.is_ok() && bytes.len() as u64 <= MOST_INFLATED).then_some(bytes)
}

/// What follows a place in a window, read ahead as it is wanted.
struct Ahead<'w, 'f> {
    window: &'w mut Window<'f>,
    at: usize,
    until: usize,
    /// Why the file could not be read, which a decoder would mix up with damaged data.
    failure: Option<io::Error>,
}

impl Read for Ahead<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.window.bytes().len()
            && self.at < self.until
            && let Err(error) = self.window.ensure(self.at + STEP)
        {
            let kind = error.kind();
            self.failure = Some(error);
            return Err(kind.into());
        }
        let held = self.window.bytes();
        let mut rest = held
            .get(self.at..self.until.min(held.len()))
            .unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

/// How many places of a file may still be tried that look like the beginning of something: far
/// more than occur by chance, so that only files made to waste time run out of it.
pub struct Patience {
    tried: u64,
}

impl Patience {
    /// Places that may be tried in any file.
    const AT_LEAST: u64 = 4096;
    /// One more for each so many bytes.
    const BYTES: u64 = 512;

    /// None tried yet.
    pub const fn new() -> Self {
        Self { tried: 0 }
    }

    /// Whether one more may be tried, so far into the file.
    pub fn allows(&mut self, place: u64) -> bool {
        self.tried += 1;
        self.tried <= Self::AT_LEAST + place / Self::BYTES
    }
}
