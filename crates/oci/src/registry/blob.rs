//! A blob as a stream that goes on where it broke off.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use http::StatusCode;
use reqwest::Response;
use tokio::sync::mpsc;

use super::request::Client;
use super::retry::delay;
use crate::{Layer, OciError};

/// Chunks fetched ahead of the reader.
const AHEAD: usize = 32;
/// After so many bytes a download has earned all its tries again.
const PROGRESS: u64 = 4 << 20;

/// Reads a blob that a task fetches. Dropping it ends the task.
pub struct BlobReader {
    chunks: mpsc::Receiver<Result<Bytes, OciError>>,
    current: Bytes,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// Opens a blob: the registry has it, or this fails.
pub async fn open(client: Client, layer: &Layer) -> Result<BlobReader, OciError> {
    let path = format!("blobs/{}", layer.digest);
    let response = client.get(&path, None, 0).await?;
    let (sender, chunks) = mpsc::channel(AHEAD);
    let download = Download {
        expected: match layer.size {
            0 => response.content_length(),
            size => Some(size),
        },
        client,
        path,
        received: 0,
        skip: 0,
        sender,
    };
    tokio::spawn(download.run(response));
    Ok(BlobReader {
        chunks,
        current: Bytes::new(),
    })
}

struct Download {
    client: Client,
    path: String,
    /// Length of the whole blob, as the manifest or else the registry has it.
    expected: Option<u64>,
    /// Bytes handed to the reader.
    received: u64,
    /// Bytes to drop because the registry sent them again.
    skip: u64,
    sender: mpsc::Sender<Result<Bytes, OciError>>,
}

impl Download {
    async fn run(mut self, mut response: Response) {
        let (mut broken, mut safe) = (0, 0);
        loop {
            let complete = match self.pass_on(&mut response).await {
                Ok(complete) => complete,
                Err(ReaderGone) => return,
            };
            if complete {
                return;
            }
            if self.received >= safe + PROGRESS {
                broken = 0;
            }
            safe = self.received;
            match self.resume(broken).await {
                Ok(next) => response = next,
                Err(error) => {
                    // The reader is told; if it is gone, nobody waits.
                    let _ = self.sender.send(Err(error)).await;
                    return;
                }
            }
            broken += 1;
        }
    }

    /// Hands on what comes. Says whether that was the rest of the blob.
    async fn pass_on(&mut self, response: &mut Response) -> Result<bool, ReaderGone> {
        loop {
            let mut chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => {
                    let whole = |expected| self.received >= expected;
                    return Ok(self.expected.is_none_or(whole));
                }
                Err(_) => return Ok(false),
            };
            let known = self.skip.min(chunk.len() as u64);
            self.skip -= known;
            chunk.advance(known as usize);
            if !chunk.is_empty() {
                self.received += chunk.len() as u64;
                self.sender.send(Ok(chunk)).await.map_err(|_| ReaderGone)?;
            }
        }
    }

    async fn resume(&mut self, broken: u32) -> Result<Response, OciError> {
        let options = self.client.options();
        if broken >= options.retries {
            return Err(OciError::Unavailable {
                registry: self.client.registry().to_owned(),
                detail: format!("the download of {} keeps breaking off", self.path),
            });
        }
        tracing::debug!(path = %self.path, received = self.received, "resuming a download");
        tokio::time::sleep(delay(options, broken, None)).await;
        let response = self.client.get(&self.path, None, self.received).await?;
        let partial = response.status() == StatusCode::PARTIAL_CONTENT;
        self.skip = if partial { 0 } else { self.received };
        Ok(response)
    }
}

/// Nobody reads any more.
struct ReaderGone;
