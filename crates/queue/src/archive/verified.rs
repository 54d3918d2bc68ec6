//! Files that are whole and true, or not there.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use scanyard_package::Digest;
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{ArchiveError, ArchivedRevision};

/// Bytes at hand at a time.
const CHUNK: usize = 256 << 10;

/// Digest and size of a file.
pub(crate) async fn hash_file(path: &Path) -> Result<(Digest, u64), ArchiveError> {
    let failed = || ArchiveError::file(path);
    let mut file = tokio::fs::File::open(path).await.map_err(failed())?;
    let mut hash = Context::new(&SHA256);
    let (mut chunk, mut size) = (vec![0; CHUNK], 0);
    loop {
        let length = file.read(&mut chunk).await.map_err(failed())?;
        if length == 0 {
            return Ok((finish(hash), size));
        }
        hash.update(&chunk[..length]);
        size += length as u64;
    }
}

/// Writes what the reader gives beside `target`, and moves it there once its size and digest are
/// those of the revision. A source that stops for longer than `patience` is given up.
pub(crate) async fn write_verified(
    reader: &mut (impl AsyncRead + Unpin),
    revision: &ArchivedRevision,
    target: &Path,
    patience: Duration,
) -> Result<(), ArchiveError> {
    let failed = || ArchiveError::file(target);
    let directory = target.parent().unwrap_or(Path::new("."));
    let partial = NamedTempFile::new_in(directory).map_err(failed())?;
    let clone = partial.as_file().try_clone().map_err(failed())?;
    let mut file = tokio::fs::File::from_std(clone);
    let mut hash = Context::new(&SHA256);
    let (mut chunk, mut size) = (vec![0; CHUNK], 0);
    // One byte more than announced is enough to know.
    while size <= revision.size {
        let read = tokio::time::timeout(patience, reader.read(&mut chunk)).await;
        let length = read.map_err(|late| ArchiveError::Unavailable(late.into()))?;
        let length = length.map_err(|error| ArchiveError::Unavailable(error.into()))?;
        if length == 0 {
            break;
        }
        hash.update(&chunk[..length]);
        file.write_all(&chunk[..length]).await.map_err(failed())?;
        size += length as u64;
    }
    let (found, expected) = (finish(hash), revision.digest);
    if found != expected {
        return Err(ArchiveError::WrongDigest { expected, found });
    }
    file.sync_all().await.map_err(failed())?;
    partial
        .persist(target)
        .map_err(|error| failed()(error.error))?;
    Ok(())
}

fn finish(hash: Context) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Digest::from_bytes(bytes)
}
