//! Secrets at rest: what others gave us in confidence, encrypted before it reaches the store.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, which needs no counter that a restored backup
//! could set back. The id of the row is bound to what is sealed, so that nobody who writes to the
//! store can move a secret to a row of his own. Keys live outside the store, in a file or the
//! environment; each has an id, made of the key itself, so that a new one can be put in front while
//! old ones still open what they sealed.
//!
//! aws-lc-rs, which does all other cryptography here, has ChaCha20-Poly1305 with nonces of 12 bytes
//! only: too short to be drawn at random for as many secrets as an installation may ever seal. Hence
//! RustCrypto's `chacha20poly1305`, audited and without a dependency that does anything else.

mod key;
mod secret;

use aws_lc_rs::rand;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, Payload};

use key::Key;
pub use key::KeyError;
pub use secret::Secret;

const NONCE: usize = 24;

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key that opens it.
    pub key_id: String,
    /// Nonce and ciphertext.
    pub content: Vec<u8>,
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// It was sealed by a key that is not at hand.
    #[error("the key {0} that sealed it is not among those at hand")]
    UnknownKey(String),
    /// It is not what was sealed, or not for this row.
    #[error("the sealed secret is damaged, or belongs to another row")]
    Damaged,
}

/// The keys of an installation: the first seals, all of them open.
#[derive(Debug)]
pub struct SealingKeys {
    current: Key,
    former: Vec<Key>,
}

impl SealingKeys {
    /// Reads keys: a line each, 32 bytes in base64, the one that seals first. Empty lines and those
    /// that begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// When there is none, or a line is no key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let lines = text.lines().map(str::trim);
        let mut keys = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(Key::parse)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        Ok(Self {
            current: keys.next().ok_or(KeyError::None)?,
            former: keys.collect(),
        })
    }

    /// The text of a new key, for a file.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness.
    pub fn generate() -> Result<Secret, SealError> {
        let key = Secret::random(32)?;
        Ok(Secret::from(key.to_base64().into_bytes()))
    }

    /// Encrypts a secret for a row. `row` says what it is and of which row: `subscription` and its
    /// id.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness.
    pub fn seal(&self, secret: &[u8], row: &str) -> Result<Sealed, SealError> {
        let mut content = vec![0; NONCE];
        rand::fill(&mut content).map_err(|_| SealError::NoRandomness)?;
        let sealed = self.current.cipher().encrypt(
            content[..].try_into().map_err(|_| SealError::Damaged)?,
            Payload {
                msg: secret,
                aad: row.as_bytes(),
            },
        );
        content.extend(sealed.map_err(|_| SealError::Damaged)?);
        Ok(Sealed {
            key_id: self.current.id().to_owned(),
            content,
        })
    }

    /// Decrypts what was sealed for this row.
    ///
    /// # Errors
    ///
    /// When the key is not at hand, or what is stored is not what was sealed for this row.
    pub fn open(&self, sealed: &Sealed, row: &str) -> Result<Secret, SealError> {
        let mut keys = std::iter::once(&self.current).chain(&self.former);
        let key = keys
            .find(|key| key.id() == sealed.key_id)
            .ok_or_else(|| SealError::UnknownKey(sealed.key_id.clone()))?;
        let (nonce, ciphertext) = sealed
            .content
            .split_at_checked(NONCE)
            .ok_or(SealError::Damaged)?;
        let cipher: XChaCha20Poly1305 = key.cipher();
        let opened = cipher.decrypt(
            nonce.try_into().map_err(|_| SealError::Damaged)?,
            Payload {
                msg: ciphertext,
                aad: row.as_bytes(),
            },
        );
        opened.map(Secret::from).map_err(|_| SealError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::KeyInit;

    use super::*;

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn keys(text: &str) -> SealingKeys {
        SealingKeys::parse(text).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_for_its_row_only() {
        let keys = keys(ONE);
        let sealed = keys.seal(b"hunter2", "subscription 7").unwrap();
        let opened = keys.open(&sealed, "subscription 7").unwrap();
        assert_eq!(opened.expose(), b"hunter2");
        let elsewhere = keys.open(&sealed, "subscription 8");
        assert_eq!(elsewhere.unwrap_err(), SealError::Damaged);
        assert!(!format!("{opened:?} {keys:?}").contains("hunter2"));
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let keys = keys(ONE);
        assert_ne!(keys.seal(b"a", "r").unwrap(), keys.seal(b"a", "r").unwrap());
    }

    #[test]
    fn former_keys_open_and_the_first_seals() {
        let old = keys(TWO).seal(b"a", "r").unwrap();
        let rotated = keys(&format!("# this year's\n{ONE}\n\n{TWO}\n"));
        assert_eq!(rotated.open(&old, "r").unwrap().expose(), b"a");
        assert_eq!(
            rotated.seal(b"a", "r").unwrap().key_id,
            keys(ONE).seal(b"a", "r").unwrap().key_id
        );
        let unknown = keys(ONE).open(&old, "r").unwrap_err();
        assert_eq!(unknown, SealError::UnknownKey(old.key_id));
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let keys = keys(ONE);
        let sealed = keys.seal(b"hunter2", "r").unwrap();
        for length in 0..sealed.content.len() {
            let cut = Sealed {
                content: sealed.content[..length].to_vec(),
                ..sealed.clone()
            };
            assert_eq!(keys.open(&cut, "r").unwrap_err(), SealError::Damaged);
        }
        for place in 0..sealed.content.len() {
            let mut flipped = sealed.clone();
            flipped.content[place] ^= 1;
            assert_eq!(keys.open(&flipped, "r").unwrap_err(), SealError::Damaged);
        }
    }

    #[test]
    fn a_generated_key_is_one() {
        let text = SealingKeys::generate().unwrap();
        let text = std::str::from_utf8(text.expose()).unwrap();
        assert!(SealingKeys::parse(text).is_ok());
    }

    /// Draft of XChaCha20-Poly1305, A.3.1: that this is the construction of that name.
    #[test]
    fn the_published_example_is_opened() {
        let key = (0x80..0xa0).collect::<Vec<u8>>();
        let cipher = XChaCha20Poly1305::new_from_slice(&key).unwrap();
        let nonce: Vec<u8> = (0x40..0x58).collect();
        let aad = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let sealed = cipher
            .encrypt(
                nonce[..].try_into().unwrap(),
                Payload {
                    msg: text,
                    aad: &aad,
                },
            )
            .unwrap();
        assert!(hex::encode(&sealed).starts_with("bd6d179d3e83d43b9576579493c0e939"));
        assert!(hex::encode(&sealed).ends_with("c0875924c1c7987947deafd8780acf49"));
    }
}
