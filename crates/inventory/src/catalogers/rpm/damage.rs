//! Reading numbers and slices out of a database's bytes, within their bounds.

/// Why a part of a database cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// None of the formats that rpm writes.
    #[error("it is of no format that rpm writes")]
    Format,
    /// Something lies outside of the file, or of the part that should hold it.
    #[error("it points outside of the file")]
    Bounds,
    /// A page or blob is a part of two things at once.
    #[error("it uses the same place twice")]
    Repeated,
    /// A page, blob or value is not of the kind that belongs in its place.
    #[error("it holds something else than what belongs there")]
    Kind,
    /// Nobody but rpm's owner can read it.
    #[error("it is encrypted")]
    Encrypted,
    /// There is no table of packages.
    #[error("it has no table of packages")]
    NoTable,
    /// A header without a name or a version.
    #[error("a package has no name or version")]
    Nameless,
    /// Far more bytes in paths than in the header that makes them up, or too many paths.
    #[error("a package's file list is out of proportion")]
    Paths,
    /// More packages than any distro has.
    #[error("it names more packages than any distro has")]
    Many,
}

/// Takes the parts of a database one by one: those that can be read, and what is wrong with others.
pub type Visit<'v> = &'v mut dyn FnMut(Result<&[u8], Damage>);

/// The order of bytes in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

impl Order {
    pub fn u16(self, bytes: &[u8], at: usize) -> Result<u16, Damage> {
        let number = array(bytes, at)?;
        Ok(match self {
            Order::Big => u16::from_be_bytes(number),
            Order::Little => u16::from_le_bytes(number),
        })
    }

    pub fn u32(self, bytes: &[u8], at: usize) -> Result<u32, Damage> {
        let number = array(bytes, at)?;
        Ok(match self {
            Order::Big => u32::from_be_bytes(number),
            Order::Little => u32::from_le_bytes(number),
        })
    }

    /// A number of 32 bits that counts or places something in memory.
    pub fn size(self, bytes: &[u8], at: usize) -> Result<usize, Damage> {
        usize::try_from(self.u32(bytes, at)?).map_err(|_| Damage::Bounds)
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Damage> {
    let slice = slice(bytes, at, N)?;
    slice.try_into().map_err(|_| Damage::Bounds)
}

pub fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], Damage> {
    let end = at.checked_add(length).ok_or(Damage::Bounds)?;
    bytes.get(at..end).ok_or(Damage::Bounds)
}

/// Pages of equal size, each of which may be used once. That alone bounds what a database that
/// turns in circles can cost.
pub struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    used: Vec<bool>,
}

impl<'a> Pages<'a> {
    pub fn new(bytes: &'a [u8], size: usize) -> Self {
        let count = bytes.len().checked_div(size).unwrap_or_default();
        Self {
            bytes,
            size,
            used: vec![false; count],
        }
    }

    pub fn count(&self) -> usize {
        self.used.len()
    }

    /// A page by its position, whether used or not.
    pub fn peek(&self, position: usize) -> Result<&'a [u8], Damage> {
        let at = position.checked_mul(self.size).ok_or(Damage::Bounds)?;
        slice(self.bytes, at, self.size)
    }

    /// Takes a page, which nothing else may take again.
    pub fn take(&mut self, position: usize) -> Result<&'a [u8], Damage> {
        match self.used.get_mut(position) {
            None => Err(Damage::Bounds),
            Some(true) => Err(Damage::Repeated),
            Some(used) => {
                *used = true;
                self.peek(position)
            }
        }
    }
}
