//! Zip archives read as streams, front to back, in bounded memory.
//!
//! The directory of a zip lies at its end, and a layer arrives front first. Entries are walked by
//! their local headers; where a header does not say how long an entry is, the descriptor behind it
//! is looked for, so that only what somebody asks for is ever inflated. The directory, when it
//! comes, has the last word, as it has for a Java runtime: [`Directory`] tells which entries it
//! lists, and whether it lists any that were not met on the way.

mod body;
mod directory;
mod error;
mod header;
mod meter;
mod source;
#[cfg(test)]
mod tests;

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use body::Body;
use directory::DirectoryReader;
use header::{Local, Signature};
use source::Source;

pub use directory::Directory;
pub use error::ZipError;
pub use meter::{Meter, Metered};

/// Entries of one archive that are walked.
const MAX_ENTRIES: usize = 1 << 18;

/// A zip archive that moves forward through a stream.
pub struct ZipStream<'a> {
    source: Source<'a>,
    meter: &'a Meter,
    body: Body,
    local: Option<Local>,
    inflate: Option<Decompress>,
    directory: DirectoryReader,
}

/// Where an entry begins, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Bytes before its header.
    pub position: u64,
    /// Its name, as written.
    pub name: String,
}

impl<'a> ZipStream<'a> {
    /// An archive of which nothing has been read.
    pub fn new(stream: &'a mut dyn Read, meter: &'a Meter) -> Self {
        Self {
            source: Source::new(stream),
            meter,
            body: Body::none(),
            local: None,
            inflate: None,
            directory: DirectoryReader::default(),
        }
    }

    /// The next entry; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`ZipError`] when the stream fails, or ends inside an entry, or a limit is reached.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ZipError> {
        while !self.body.fill(&mut self.source)?.is_empty() {
            self.body.skip(&mut self.source);
        }
        if self.local.take().is_some() {
            self.directory.leave(self.body.length());
        }
        while let Some(signature) = header::seek(&mut self.source)? {
            match signature {
                Signature::Local => {
                    let position = self.source.position();
                    let Some(local) = Local::read(&mut self.source)? else {
                        continue;
                    };
                    if !self.directory.meet(position, &local.name, MAX_ENTRIES) {
                        let limit = format!("more than {MAX_ENTRIES} entries in one archive");
                        return Err(ZipError::Limit(limit));
                    }
                    self.body = local.body();
                    let name = String::from_utf8_lossy(&local.name).into_owned();
                    self.local = Some(local);
                    return Ok(Some(Entry { position, name }));
                }
                Signature::Listed => self.directory.read_record(&mut self.source, MAX_ENTRIES)?,
                Signature::LargeEnd => self.directory.read_large_end(&mut self.source)?,
                Signature::End => self.directory.read_end(&mut self.source)?,
            }
        }
        Ok(None)
    }

    /// The content of the entry that came last.
    ///
    /// # Errors
    ///
    /// [`ZipError::Malformed`] when it is encrypted or compressed in a way that Java does not know.
    pub fn content(&mut self) -> Result<Content<'_, 'a>, ZipError> {
        let Some(local) = &self.local else {
            return Err(ZipError::Malformed("no entry"));
        };
        if local.is_encrypted() {
            return Err(ZipError::Malformed("an entry is encrypted"));
        }
        let deflated = match local.method {
            header::STORED => false,
            header::DEFLATED => true,
            _ => return Err(ZipError::Malformed("an entry is compressed unusually")),
        };
        if deflated {
            match &mut self.inflate {
                Some(inflate) => inflate.reset(false),
                none => *none = Some(Decompress::new(false)),
            }
        }
        Ok(Content {
            zip: self,
            deflated,
            ended: false,
        })
    }

    /// What the archive's directory says; `None` where there is none.
    pub fn into_directory(self) -> Option<Directory> {
        self.directory.finish()
    }
}

/// Reads the content of one entry.
pub struct Content<'z, 'a> {
    zip: &'z mut ZipStream<'a>,
    deflated: bool,
    ended: bool,
}

impl Content<'_, '_> {
    fn copy(&mut self, buffer: &mut [u8]) -> Result<usize, ZipError> {
        let ZipStream { source, body, .. } = &mut *self.zip;
        let bytes = body.fill(source)?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        body.consume(source, count);
        Ok(count)
    }

    fn inflate(&mut self, buffer: &mut [u8]) -> Result<usize, ZipError> {
        let ZipStream {
            source,
            body,
            inflate: Some(inflate),
            meter,
            ..
        } = &mut *self.zip
        else {
            return Err(ZipError::Malformed("no entry"));
        };
        while !self.ended && !buffer.is_empty() {
            let input = body.fill(source)?;
            let is_last = input.is_empty();
            let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(input, buffer, FlushDecompress::None);
            let consumed = (inflate.total_in() - before_in) as usize;
            let produced = (inflate.total_out() - before_out) as usize;
            body.consume(source, consumed);
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                // What was inflated before may have waited for room.
                Ok(_) if produced > 0 || consumed > 0 => {}
                Ok(_) if is_last => return Err(ZipError::Malformed("an entry ends early")),
                _ => return Err(ZipError::Malformed("an entry does not inflate")),
            }
            meter.spend(produced as u64)?;
            if produced > 0 {
                return Ok(produced);
            }
        }
        Ok(0)
    }
}

impl Read for Content<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let outcome = match self.deflated {
            true => self.inflate(buffer),
            false => self.copy(buffer),
        };
        outcome.map_err(ZipError::into)
    }
}
