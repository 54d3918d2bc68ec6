//! The stored form of what a config gave away: a format version, then protobuf.

use prost::Message;
use scanyard_secrets::Secret;

use crate::check::FailedCheck;
use crate::config::{ConfigFindings, ConfigSecret};

/// Version of the stored form. A reader refuses what it does not know.
const FORMAT: u8 = 1;

/// Why stored bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by another version of Scanyard.
    #[error("the findings of an image's config have format {0}, this version reads format 1")]
    Format(u8),
    /// Cut short or altered.
    #[error("the findings of an image's config are damaged")]
    Damaged,
}

#[derive(Clone, PartialEq, Message)]
struct FindingsWire {
    #[prost(message, repeated, tag = "1")]
    secrets: Vec<SecretWire>,
    #[prost(message, repeated, tag = "2")]
    failed: Vec<CheckWire>,
}

#[derive(Clone, PartialEq, Message)]
struct SecretWire {
    #[prost(string, tag = "1")]
    place: String,
    #[prost(string, tag = "2")]
    rule: String,
    #[prost(uint32, tag = "3")]
    line: u32,
    #[prost(string, tag = "4")]
    excerpt: String,
}

#[derive(Clone, PartialEq, Message)]
struct CheckWire {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, repeated, tag = "2")]
    evidence: Vec<String>,
}

impl ConfigFindings {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let secret = |found: &ConfigSecret| SecretWire {
            place: found.place.clone(),
            rule: found.secret.rule.clone(),
            line: found.secret.line,
            excerpt: found.secret.excerpt.clone(),
        };
        let check = |failed: &FailedCheck| CheckWire {
            id: failed.id.clone(),
            evidence: failed.evidence.clone(),
        };
        let wire = FindingsWire {
            secrets: self.secrets.iter().map(secret).collect(),
            failed: self.failed.iter().map(check).collect(),
        };
        let mut bytes = vec![FORMAT];
        bytes.extend(wire.encode_to_vec());
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the bytes are of another format or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (format, wire) = bytes.split_first().ok_or(DecodeError::Damaged)?;
        if *format != FORMAT {
            return Err(DecodeError::Format(*format));
        }
        let wire = FindingsWire::decode(wire).map_err(|_| DecodeError::Damaged)?;
        let secret = |wire: SecretWire| ConfigSecret {
            place: wire.place,
            secret: Secret {
                rule: wire.rule,
                line: wire.line,
                excerpt: wire.excerpt,
            },
        };
        let check = |wire: CheckWire| FailedCheck {
            id: wire.id,
            evidence: wire.evidence,
        };
        Ok(Self {
            secrets: wire.secrets.into_iter().map(secret).collect(),
            failed: wire.failed.into_iter().map(check).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_reads_back_and_what_was_damaged_does_not() {
        let findings = ConfigFindings {
            secrets: vec![ConfigSecret {
                place: "env A".into(),
                secret: Secret {
                    rule: "password".into(),
                    line: 1,
                    excerpt: "A=****".into(),
                },
            }],
            failed: vec![FailedCheck {
                id: "runs-as-root".into(),
                evidence: vec!["USER 0".into()],
            }],
        };
        let bytes = findings.encode();
        assert_eq!(ConfigFindings::decode(&bytes).unwrap(), findings);
        assert!(matches!(
            ConfigFindings::decode(&[7]),
            Err(DecodeError::Format(7))
        ));
        assert!(matches!(
            ConfigFindings::decode(&[]),
            Err(DecodeError::Damaged)
        ));
        for end in 2..bytes.len() {
            // A cut between fields is a shorter list; it never panics.
            let _ = ConfigFindings::decode(&bytes[..end]);
        }
    }
}
