//! Secrets that webhooks are signed with, as [Standard Webhooks](https://www.standardwebhooks.com)
//! has them.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scanyard_sealing::{SealError, Secret};

const PREFIX: &str = "whsec_";
const GENERATED: usize = 32;

/// It is no secret to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and 24 to 64 random bytes in base64")]
pub struct InvalidSecret;

/// A secret that its receiver knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecret(Secret);

impl SigningSecret {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, SealError> {
        Secret::random(GENERATED).map(Self)
    }

    /// Reads one as it is written.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        match (24..=64).contains(&bytes.len()) {
            true => Ok(Self(Secret::from(bytes))),
            false => Err(InvalidSecret),
        }
    }

    /// As it is written, for whoever is to know it.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.to_base64())
    }

    /// The signature of a message: of its id, the time of sending in seconds, and its bytes.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = Key::new(HMAC_SHA256, self.0.expose());
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        format!("v1,{}", STANDARD.encode(sign(&key, &signed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_generated_secret_reads_back_and_is_not_shown() {
        let secret = SigningSecret::generate().unwrap();
        let text = secret.expose();
        assert_eq!(SigningSecret::parse(&text), Ok(secret.clone()));
        assert!(!format!("{secret:?}").contains(&text[6..]));
    }

    #[test]
    fn short_and_foreign_secrets_are_refused() {
        for text in ["", "hunter2", "whsec_", "whsec_AQEB", "whsec_!!"] {
            assert_eq!(SigningSecret::parse(text), Err(InvalidSecret), "{text}");
        }
    }
}
