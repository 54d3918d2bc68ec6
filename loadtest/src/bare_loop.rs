//! The least that must be done to read an image and know that it is the one asked for: decode, hash
//! blobs and diff IDs, walk tar headers. On the same threads as `scanyard scan`: as many layers at
//! once as there are cores, two threads each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest::{Context, SHA256};
use clap::Args;
use flate2::bufread::MultiGzDecoder;

use crate::layout;

const CHUNK: usize = 256 << 10;
const CHUNKS: usize = 6;
const BUFFER: usize = 128 << 10;

/// What to read.
#[derive(Debug, Args)]
pub struct BareLoopArgs {
    /// An OCI layout with the image.
    #[arg(long)]
    images: PathBuf,
    /// The image's tag.
    #[arg(long)]
    tag: String,
}

/// Reads every layer of the image and prints how many entries there are.
pub fn run(args: &BareLoopArgs) -> anyhow::Result<()> {
    let images = layout::images(&args.images)?;
    let image = images.into_iter().find(|image| image.tag == args.tag);
    let image = image.with_context(|| format!("no image has the tag {}", args.tag))?;
    let mut layers = BTreeMap::new();
    for (file, decompressor) in image.layers {
        layers.insert((file.metadata()?.len(), file), decompressor);
    }
    let queue = Mutex::new(layers);
    let work = || -> anyhow::Result<u64> {
        let mut entries = 0;
        while let Some(((_, file), decompressor)) = next(&queue) {
            entries += read_layer(&file, decompressor)?;
        }
        Ok(entries)
    };
    let entries = thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(joined).sum::<anyhow::Result<u64>>()
    });
    println!("{} entries", entries?);
    Ok(())
}

type Layers = BTreeMap<(u64, PathBuf), &'static str>;

/// The largest of those left.
fn next(queue: &Mutex<Layers>) -> Option<((u64, PathBuf), &'static str)> {
    queue.lock().ok()?.pop_last()
}

fn joined<T>(worker: thread::ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    match worker.join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn read_layer(file: &Path, decompressor: &str) -> anyhow::Result<u64> {
    let (full, chunks) = sync_channel(CHUNKS);
    let (give_back, empty) = channel();
    for _ in 0..CHUNKS {
        give_back.send(vec![0; CHUNK])?;
    }
    thread::scope(|scope| {
        let decoding = scope.spawn(move || decode(file, decompressor, &full, &empty));
        let mut tar = Chunks {
            chunks,
            give_back,
            current: Vec::new(),
            position: 0,
            hash: Context::new(&SHA256),
        };
        let mut entries = 0;
        for entry in tar::Archive::new(&mut tar).entries()? {
            entry?;
            entries += 1;
        }
        io::copy(&mut tar, &mut io::sink())?;
        joined(decoding)?;
        std::hint::black_box(tar.hash.finish());
        Ok(entries)
    })
}

fn decode(
    file: &Path,
    decompressor: &str,
    full: &SyncSender<Vec<u8>>,
    empty: &Receiver<Vec<u8>>,
) -> anyhow::Result<()> {
    let blob = Hashed {
        file: File::open(file)?,
        hash: Context::new(&SHA256),
    };
    let blob = BufReader::with_capacity(BUFFER, blob);
    let mut blob = match decompressor {
        "cat" => send(blob, full, empty)?,
        "gzip -dc" => send(MultiGzDecoder::new(blob), full, empty)?.into_inner(),
        _ => send(zstd::Decoder::with_buffer(blob)?, full, empty)?.finish(),
    };
    io::copy(&mut blob, &mut io::sink())?;
    let digest = blob.into_inner().hash.finish();
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    ensure!(
        file.ends_with(&hex),
        "{} has the digest {hex}",
        file.display()
    );
    Ok(())
}

fn send<R: Read>(
    mut tar: R,
    full: &SyncSender<Vec<u8>>,
    empty: &Receiver<Vec<u8>>,
) -> anyhow::Result<R> {
    while let Ok(mut chunk) = empty.recv() {
        chunk.clear();
        tar.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() || full.send(chunk).is_err() {
            break;
        }
    }
    Ok(tar)
}

struct Hashed {
    file: File,
    hash: Context,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

struct Chunks {
    chunks: Receiver<Vec<u8>>,
    give_back: Sender<Vec<u8>>,
    current: Vec<u8>,
    position: usize,
    hash: Context,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.current.len() {
            let Ok(next) = self.chunks.recv() else {
                return Ok(0);
            };
            self.hash.update(&next);
            let used = std::mem::replace(&mut self.current, next);
            self.position = 0;
            if used.capacity() > 0 {
                // At the end nobody wants it any more.
                let _ = self.give_back.send(used);
            }
        }
        let left = &self.current[self.position..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.position += count;
        Ok(count)
    }
}
