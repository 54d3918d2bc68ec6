//! Bytes handed from one thread to another in buffers that come back.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use scanyard_oci::Hasher;
use scanyard_package::Digest;
use scanyard_timing::{Stage, in_stage};

/// Bytes in one buffer: large enough that handing it over costs nothing beside filling it.
const CHUNK: usize = 256 << 10;
/// Buffers under way: one being filled, one being read, and some that even out the two.
const CHUNKS: usize = 6;

/// Where the chunks go in.
pub struct ChunkWriter {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// Where they come out, in order. It hashes them as they come: readers ask for a header at a time.
pub struct ChunkReader {
    hasher: Hasher,
    full: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    position: usize,
}

/// Two ends of a bounded stream of bytes.
pub fn chunks() -> (ChunkWriter, ChunkReader) {
    let (full_sender, full) = sync_channel(CHUNKS);
    let (empty, empty_receiver) = sync_channel(CHUNKS);
    for _ in 0..CHUNKS {
        // The channel has room for all of them.
        let _ = empty.try_send(Vec::new());
    }
    let writer = ChunkWriter {
        full: full_sender,
        empty: empty_receiver,
    };
    let reader = ChunkReader {
        hasher: Hasher::default(),
        full,
        empty,
        current: Vec::new(),
        position: 0,
    };
    (writer, reader)
}

impl ChunkWriter {
    /// Sends everything that the source has. Ends early, without error, when nobody reads.
    pub fn send_all(self, source: &mut impl Read) -> io::Result<()> {
        while let Ok(mut chunk) = in_stage(Stage::Wait, || self.empty.recv()) {
            chunk.resize(CHUNK, 0);
            let count = fill(source, &mut chunk)?;
            if count == 0 {
                break;
            }
            chunk.truncate(count);
            // There is room for every chunk that there is.
            if self.full.send(chunk).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl ChunkReader {
    /// Takes the next chunk; `None` when the writer has ended.
    fn next_chunk(&mut self) -> Option<()> {
        let next = in_stage(Stage::Wait, || self.full.recv()).ok()?;
        self.hasher.update(&next);
        let used = std::mem::replace(&mut self.current, next);
        self.position = 0;
        if used.capacity() > 0 {
            // The writer may have ended; then the buffer is of no use.
            let _ = self.empty.try_send(used);
        }
        Some(())
    }

    /// The digest of everything, once what is left has been read.
    pub fn finish(mut self) -> Digest {
        while self.next_chunk().is_some() {}
        self.hasher.finish().0
    }

    fn consume_into(&mut self, buffer: &mut [u8]) -> usize {
        let left = &self.current[self.position..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.position += count;
        count
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.current.len() && self.next_chunk().is_none() {
            return Ok(0);
        }
        Ok(self.consume_into(buffer))
    }
}
