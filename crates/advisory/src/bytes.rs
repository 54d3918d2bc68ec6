//! The byte encoding of everything this crate stores: LEB128 integers and length-prefixed bytes.
//!
//! Reading never panics and never trusts a length: what is not there reads as `None`.

use chrono::{DateTime, Utc};

/// Appends values to bytes.
pub(crate) trait Put {
    /// An unsigned integer, seven bits a byte, low bits first.
    fn put_varint(&mut self, value: u64);
    /// A length and that many bytes.
    fn put_bytes(&mut self, bytes: &[u8]);
    /// A point in time: seconds since the epoch, then nanoseconds.
    fn put_time(&mut self, time: DateTime<Utc>);
}

impl Put for Vec<u8> {
    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_varint(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }

    fn put_time(&mut self, time: DateTime<Utc>) {
        let seconds = time.timestamp();
        // Zigzag: dates before 1970 stay short.
        self.put_varint(((seconds << 1) ^ (seconds >> 63)) as u64);
        self.put_varint(u64::from(time.timestamp_subsec_nanos()));
    }
}

/// A point in time as stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stamp {
    seconds: i64,
    nanoseconds: u32,
}

impl Stamp {
    pub(crate) fn time(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.seconds, self.nanoseconds)
    }
}

/// Takes values from bytes, front to back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.varint()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn time(&mut self) -> Option<DateTime<Utc>> {
        self.stamp()?.time()
    }

    /// A point in time, of which the date is worked out when somebody asks.
    pub(crate) fn stamp(&mut self) -> Option<Stamp> {
        let zigzag = self.varint()?;
        Some(Stamp {
            seconds: (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64),
            nanoseconds: u32::try_from(self.varint()?).ok()?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_read_back_as_written(
            number: u64,
            text: String,
            seconds in -62_000_000_000_i64..250_000_000_000,
            nanos in 0_u32..1_000_000_000,
        ) {
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            let mut bytes = Vec::new();
            bytes.put_varint(number);
            bytes.put_bytes(text.as_bytes());
            bytes.put_time(time);
            let mut reader = Reader(&bytes);
            prop_assert_eq!(reader.varint(), Some(number));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert_eq!(reader.time(), Some(time));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            let _ = reader.text();
            let _ = reader.time();
            let _ = reader.varint();
        }
    }

    #[test]
    fn a_length_beyond_the_end_reads_as_nothing() {
        let mut bytes = Vec::new();
        bytes.put_varint(u64::MAX);
        assert_eq!(Reader(&bytes).bytes(), None);
    }
}
