//! Signatures and local headers.

use memchr::memmem;

use super::ZipError;
use super::body::Body;
use super::source::Source;

pub const STORED: u16 = 0;
pub const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 8;
const LOCAL_LENGTH: usize = 30;
/// Stands in a field of four bytes whose value an extra field holds in eight.
pub const ELSEWHERE: u32 = u32::MAX;
const LARGE_SIZES: u16 = 1;
/// What is asked of the stream at once while a signature is looked for.
const STRETCH: usize = 4 << 10;

/// What can begin between entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// An entry.
    Local,
    /// A record of the directory.
    Listed,
    /// The end of a directory with offsets of eight bytes.
    LargeEnd,
    /// The end of the directory.
    End,
}

impl Signature {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"PK\x03\x04" => Some(Self::Local),
            b"PK\x01\x02" => Some(Self::Listed),
            b"PK\x06\x06" => Some(Self::LargeEnd),
            b"PK\x05\x06" => Some(Self::End),
            _ => None,
        }
    }
}

/// Moves to the next signature, over whatever stands before it: a script in front of the archive,
/// padding, descriptors that no header announced.
pub fn seek(source: &mut Source<'_>) -> Result<Option<Signature>, ZipError> {
    loop {
        source.fill(STRETCH)?;
        let bytes = source.bytes();
        let found =
            memmem::find_iter(bytes, b"PK").find_map(|at| Some((at, Signature::of(&bytes[at..])?)));
        if let Some((at, signature)) = found {
            source.consume(at);
            return Ok(Some(signature));
        }
        let length = bytes.len();
        if source.has_ended() {
            source.consume(length);
            return Ok(None);
        }
        source.consume(length.saturating_sub(3));
    }
}

/// What stands before an entry.
pub struct Local {
    flags: u16,
    pub method: u16,
    /// Bytes that it takes in the archive, if the header says so.
    size: Option<u64>,
    /// It has room for sizes of eight bytes.
    is_large: bool,
    pub name: Vec<u8>,
}

impl Local {
    /// Reads the header that the source stands at; `None` where it is cut short.
    pub fn read(source: &mut Source<'_>) -> Result<Option<Self>, ZipError> {
        source.fill(LOCAL_LENGTH)?;
        let bytes = source.bytes();
        let lengths = half(bytes, 26).zip(half(bytes, 28));
        let Some((name_length, extra_length)) = lengths else {
            source.consume(4);
            return Ok(None);
        };
        let extra_start = LOCAL_LENGTH + usize::from(name_length);
        let length = extra_start + usize::from(extra_length);
        if !source.fill(length)? {
            source.consume(4);
            return Ok(None);
        }
        let bytes = source.bytes();
        let field = |at| half(bytes, at).unwrap_or_default();
        let size = word(bytes, 18).unwrap_or_default();
        let full_size = word(bytes, 22).unwrap_or_default();
        let (flags, method) = (field(6), field(8));
        let extra = &bytes[extra_start..length];
        let is_large = size == ELSEWHERE;
        let size = match size {
            ELSEWHERE => large_field(extra, usize::from(full_size == ELSEWHERE)),
            size => Some(u64::from(size)),
        };
        let local = Self {
            flags,
            method,
            // Some writers announce a descriptor and give the size nevertheless.
            size: size.filter(|size| flags & HAS_DESCRIPTOR == 0 || *size > 0),
            is_large,
            name: bytes[LOCAL_LENGTH..extra_start].to_vec(),
        };
        source.consume(length);
        Ok(Some(local))
    }

    pub fn body(&self) -> Body {
        match self.size {
            Some(size) => Body::of_length(size),
            None => Body::until_descriptor(self.is_large),
        }
    }

    pub fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }
}

/// The number of eight bytes at this position in the extra field for large sizes.
pub fn large_field(extra: &[u8], position: usize) -> Option<u64> {
    let mut rest = extra;
    loop {
        let (tag, length) = (half(rest, 0)?, usize::from(half(rest, 2)?));
        let field = rest.get(4..4 + length)?;
        if tag == LARGE_SIZES {
            return long(field, 8 * position);
        }
        rest = &rest[4 + length..];
    }
}

/// Two bytes, little end first.
pub fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

/// Four bytes, little end first.
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// Eight bytes, little end first.
pub fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// As many of so many bytes as memory could hold.
pub fn short_of(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
