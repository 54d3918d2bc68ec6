//! API keys: `sy_`, a public prefix by which a key is found, and a secret of 256 bits.

use std::fmt;

use aws_lc_rs::{digest, rand};
use scanyard_store::{KeyId, NewApiKey, TenantId};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const PREFIX_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;

/// A new key: its plain text, which is shown once, and what is stored of it.
pub struct NewKey {
    /// What the client sends. Never stored or logged.
    pub plaintext: String,
    /// What is stored.
    pub stored: NewApiKey,
}

/// The machine has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

impl NewKey {
    /// Makes a key for a tenant.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`].
    pub fn generate(tenant: TenantId, name: impl Into<String>) -> Result<Self, NoRandomness> {
        let mut bytes = [0; PREFIX_BYTES + SECRET_BYTES];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let (prefix, secret) = bytes.split_at(PREFIX_BYTES);
        let prefix = hex::encode(prefix);
        let plaintext = format!("sy_{prefix}_{}", hex::encode(secret));
        let hash = hash(&plaintext);
        let stored = NewApiKey {
            id: KeyId(Uuid::now_v7()),
            tenant,
            name: name.into(),
            prefix,
            hash,
        };
        Ok(Self { plaintext, stored })
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("stored", &self.stored)
            .finish_non_exhaustive()
    }
}

/// A key that a client presented, of valid form. What remains is to ask whether it is one of ours.
pub struct PresentedKey<'a> {
    /// Its public part.
    pub prefix: &'a str,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
}

impl<'a> PresentedKey<'a> {
    /// Reads a key; `None` when it has not the form of one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (prefix, secret) = text.strip_prefix("sy_")?.split_once('_')?;
        let digits = |text: &str, bytes: usize| {
            text.len() == 2 * bytes && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        (digits(prefix, PREFIX_BYTES) && digits(secret, SECRET_BYTES)).then(|| Self {
            prefix,
            hash: hash(text),
        })
    }

    /// Whether this is the key with that hash. Takes the same time whatever differs.
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

fn hash(key: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_reads_back_and_matches_its_hash_only() {
        let key = NewKey::generate(TenantId::DEFAULT, "first").unwrap();
        let presented = PresentedKey::parse(&key.plaintext).unwrap();
        assert_eq!(presented.prefix, key.stored.prefix);
        assert!(presented.matches(&key.stored.hash));
        assert!(!presented.matches(&[0; 32]));
        let secret = key.plaintext.rsplit('_').next().unwrap();
        assert!(!format!("{key:?}").contains(secret));
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_none() {
        for text in ["", "sy_", "sy_12_34", "Basic abc", "sy_zzzzzzzzzzzz_00"] {
            assert!(PresentedKey::parse(text).is_none(), "{text}");
        }
    }
}
