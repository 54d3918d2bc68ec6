//! A key and its name.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit;
use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// Why there are no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is not one.
    #[error("there is no key: write 32 random bytes in base64, a line for each key")]
    None,
    /// A line is none. What it is instead may be a secret, so it is not shown.
    #[error("a line is no key: it must be 32 random bytes in base64")]
    Invalid,
}

/// A key that seals.
pub(crate) struct Key {
    id: String,
    bytes: Zeroizing<[u8; LENGTH]>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Key {
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let decoded = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyError::Invalid)?);
        let bytes = <[u8; LENGTH]>::try_from(decoded.as_slice()).map_err(|_| KeyError::Invalid)?;
        // A digest of something else than the key alone, of which other programs may show one.
        let mut named = Zeroizing::new(b"scanyard sealing key\0".to_vec());
        named.extend(bytes);
        let id = hex::encode(&digest(&SHA256, &named).as_ref()[..8]);
        Ok(Self {
            id,
            bytes: Zeroizing::new(bytes),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for text in ["hunter2", "AQEB", &"A".repeat(100)] {
            assert_eq!(Key::parse(text).unwrap_err(), KeyError::Invalid);
        }
        assert!(!KeyError::Invalid.to_string().contains("hunter2"));
        assert_eq!(
            crate::SealingKeys::parse("# none\n").unwrap_err(),
            KeyError::None
        );
    }
}
