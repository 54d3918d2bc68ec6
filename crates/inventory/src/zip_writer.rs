//! Zips for tests, written in every way that real writers have, and in some that none has.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// One entry to be written.
#[derive(Debug, Clone)]
pub struct Member {
    name: String,
    raw: Vec<u8>,
    size: usize,
    method: u16,
    /// With a descriptor behind it, which has a signature or none.
    descriptor: Option<bool>,
    large: bool,
    listed: bool,
}

impl Member {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            raw: content.to_vec(),
            size: content.len(),
            method: 0,
            descriptor: None,
            large: false,
            listed: true,
        }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        Self {
            raw: encoder.finish().unwrap(),
            method: 8,
            ..Self::stored(name, content)
        }
    }

    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub fn described(mut self, signature: bool) -> Self {
        self.descriptor = Some(signature);
        self
    }

    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    pub fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields from version to the length of the extra field, which local headers and records
    /// share.
    fn shared_fields(&self, sizes: [u32; 2], extra: usize) -> Vec<u8> {
        let flags = u16::from(self.descriptor.is_some()) << 3;
        let mut bytes = Vec::new();
        for half in [20, flags, self.method, 0, 0] {
            bytes.extend(half.to_le_bytes());
        }
        for word in [0, sizes[0], sizes[1]] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend((extra as u16).to_le_bytes());
        bytes
    }

    fn write(&self, to: &mut Vec<u8>) {
        let (raw, size) = (self.raw.len() as u32, self.size as u32);
        let mut extra = Vec::new();
        let sizes = match (self.large, self.descriptor) {
            (false, Some(_)) => [0, 0],
            (false, None) => [raw, size],
            (true, _) => {
                extra.extend([1, 0, 16, 0]);
                let known = u64::from(self.descriptor.is_none());
                extra.extend((known * u64::from(size)).to_le_bytes());
                extra.extend((known * u64::from(raw)).to_le_bytes());
                [u32::MAX, u32::MAX]
            }
        };
        to.extend(b"PK\x03\x04");
        to.extend(self.shared_fields(sizes, extra.len()));
        to.extend(self.name.as_bytes());
        to.extend(extra);
        to.extend(&self.raw);
        let Some(signature) = self.descriptor else {
            return;
        };
        if signature {
            to.extend(b"PK\x07\x08");
        }
        to.extend([0; 4]);
        for length in [raw, size] {
            match self.large {
                true => to.extend(u64::from(length).to_le_bytes()),
                false => to.extend(length.to_le_bytes()),
            }
        }
    }

    fn write_record(&self, offset: u32, to: &mut Vec<u8>) {
        to.extend(b"PK\x01\x02\x14\x00");
        to.extend(self.shared_fields([self.raw.len() as u32, self.size as u32], 0));
        to.extend([0; 10]);
        to.extend(offset.to_le_bytes());
        to.extend(self.name.as_bytes());
    }
}

/// A zip of these entries.
pub fn zip(members: &[Member]) -> Vec<u8> {
    zip_with_prefix(members, b"", false)
}

/// A zip with something in front of it, which its offsets count or not.
pub fn zip_with_prefix(members: &[Member], prefix: &[u8], counted: bool) -> Vec<u8> {
    let mut bytes = prefix.to_vec();
    let base = if counted { 0 } else { prefix.len() };
    let mut records = Vec::new();
    let mut count = 0u16;
    for member in members {
        let offset = (bytes.len() - base) as u32;
        member.write(&mut bytes);
        if member.listed {
            member.write_record(offset, &mut records);
            count += 1;
        }
    }
    let start = (bytes.len() - base) as u32;
    bytes.extend(&records);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((records.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}
