//! A file of a feed, however it is compressed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

/// Bytes that are read of one file, decompressed. The largest known have some ten gigabytes.
const MAX_CONTENT: u64 = 64 << 30;
/// Bytes of one document that is read whole. Debian's tracker has some hundred megabytes.
const MAX_WHOLE: u64 = 2 << 30;
/// Directories below a feed's own.
const MAX_DEPTH: usize = 8;

/// A file of a feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FeedFile {
    /// Its path in the feed's directory, with slashes.
    pub(crate) name: String,
    path: PathBuf,
    /// When it was last changed: what fetches it keeps its server's time.
    pub(super) modified: DateTime<Utc>,
}

impl FeedFile {
    /// The content, decompressed. What a file is shows in its first bytes: servers decompress what
    /// they send, and then the name is wrong.
    pub(crate) fn open(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let mut raw = BufReader::with_capacity(1 << 16, File::open(&self.path)?);
        let start = raw.fill_buf()?;
        let content: Box<dyn Read + Send> = match start {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(raw)),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Box::new(xz(raw)?),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd(raw)?),
            _ => Box::new(raw),
        };
        Ok(Box::new(BufReader::with_capacity(
            1 << 16,
            content.take(MAX_CONTENT),
        )))
    }

    /// The whole content, if it is no longer than a document may be.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut reader = self.open()?.take(MAX_WHOLE + 1);
        reader.read_to_end(&mut content)?;
        match content.len() as u64 > MAX_WHOLE {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(content),
        }
    }

    /// Whether it is an archive of documents.
    pub(super) fn is_archive(&self) -> bool {
        self.name.contains(".tar")
    }
}

/// Memory for a window is bounded, whatever the file claims.
fn xz(raw: BufReader<File>) -> io::Result<impl Read + Send> {
    let stream =
        liblzma::stream::Stream::new_stream_decoder(256 << 20, liblzma::stream::CONCATENATED)
            .map_err(io::Error::other)?;
    Ok(liblzma::bufread::XzDecoder::new_stream(raw, stream))
}

fn zstd(raw: BufReader<File>) -> io::Result<impl Read + Send> {
    let mut decoder = zstd::Decoder::with_buffer(raw)?;
    decoder.window_log_max(27)?;
    Ok(decoder)
}

/// The files below a directory, in order of their names; links are not followed.
pub(super) fn below(directory: &Path) -> io::Result<Vec<FeedFile>> {
    let mut files = Vec::new();
    collect(directory, "", MAX_DEPTH, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(
    directory: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<FeedFile>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), &format!("{name}/"), depth - 1, files)?;
        } else if kind.is_file() {
            files.push(FeedFile {
                name,
                path: entry.path(),
                modified: entry.metadata()?.modified()?.into(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;

    /// A feed's files in a directory of their own.
    pub(crate) fn files(contents: &[(&str, &[u8])]) -> (tempfile::TempDir, Vec<FeedFile>) {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in contents {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let files = below(directory.path()).unwrap();
        (directory, files)
    }

    #[test]
    fn compression_is_told_by_the_content() {
        let text = b"said by a publisher";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(text).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(text).unwrap();
        let (_directory, files) = files(&[
            ("a.gz", text),
            ("b/c", &gzip.finish().unwrap()),
            ("d", &bzip2.finish().unwrap()),
            ("e", &xz.finish().unwrap()),
            ("f", &zstd::encode_all(&text[..], 1).unwrap()),
        ]);
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.gz", "b/c", "d", "e", "f"]);
        for file in &files {
            assert_eq!(file.read().unwrap(), text, "{}", file.name);
        }
    }

    #[test]
    fn a_file_that_was_cut_is_an_error() {
        let whole = zstd::encode_all(&[7_u8; 100_000][..], 1).unwrap();
        let (_directory, files) = files(&[("cut", &whole[..whole.len() - 3])]);
        assert!(files[0].read().is_err());
    }
}
