//! A secret in memory.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::SealError;

/// Bytes that are not shown, and wiped when they are no longer needed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// So many random bytes.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness.
    pub fn random(length: usize) -> Result<Self, SealError> {
        let mut bytes = vec![0; length];
        rand::fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
        Ok(Self::from(bytes))
    }

    /// The bytes, for whoever needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, for whoever needs it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&*self.0)
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
