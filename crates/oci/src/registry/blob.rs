//! A blob as a stream that goes on where it broke off.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use scanyard_package::Digest;
use tokio::sync::mpsc;

use super::request::Client;
use crate::OciError;

/// Chunks fetched ahead of the reader.
const AHEAD: usize = 32;

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
pub async fn open(client: Client, digest: Digest) -> Result<BlobReader, OciError> {
    let path = format!("blobs/{digest}");
    let response = client.get(&path, None, 0).await?;
    let (sender, chunks) = mpsc::channel(AHEAD);
    tokio::spawn(fetch(client, path, response, sender));
    Ok(BlobReader {
        chunks,
        current: Bytes::new(),
    })
}

async fn fetch(
    client: Client,
    path: String,
    mut response: reqwest::Response,
    sender: mpsc::Sender<Result<Bytes, OciError>>,
) {
    let expected = response.content_length();
    let (mut received, mut broken) = (0u64, 0);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                received += chunk.len() as u64;
                if sender.send(Ok(chunk)).await.is_err() {
                    return;
                }
            }
            Ok(None) if expected.is_none_or(|expected| received >= expected) => return,
            Ok(None) | Err(_) => {
                broken += 1;
                let resumed = if broken > client.options().retries {
                    let detail = format!("the download of {path} broke off {broken} times");
                    Err(OciError::Unavailable {
                        registry: "the registry".into(),
                        detail,
                    })
                } else {
                    client.get(&path, None, received).await
                };
                match resumed {
                    Ok(next) => response = next,
                    Err(error) => {
                        // The reader is told; if it is gone, nobody waits.
                        let _ = sender.send(Err(error)).await;
                        return;
                    }
                }
            }
        }
    }
}
