//! How a sender shows that it knows the secret. Comparisons take the same time whatever is wrong.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

use crate::Delivery;

/// A way to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// HMAC-SHA256 of the body in this header, as hex after this prefix. The secret must be known in
    /// plain to check it.
    Signature {
        /// The header.
        header: &'static str,
        /// What stands before the digits.
        prefix: &'static str,
    },
    /// The secret in `Authorization`: alone, after a scheme, or as the password of basic credentials.
    Authorization,
    /// The secret in a header of the sender's own.
    Header(&'static str),
    /// The secret in the query, for senders that offer nothing else.
    Query,
}

/// What the receiver knows of the secret.
pub enum Known<'a> {
    /// Its SHA-256.
    Hash([u8; 32]),
    /// The secret.
    Plain(&'a [u8]),
}

impl Known<'_> {
    /// What is kept of a secret that need not be known in plain. Secrets are random and long, so one
    /// hash is enough.
    pub fn hash(secret: &[u8]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, secret).as_ref());
        hash
    }

    fn is(&self, presented: &[u8]) -> bool {
        let known = match self {
            Known::Hash(hash) => *hash,
            Known::Plain(secret) => Self::hash(secret),
        };
        known.ct_eq(&Self::hash(presented)).into()
    }
}

/// Whether the delivery shows the secret in one of these ways. `token` is that of the query.
pub(crate) fn shows(
    proofs: &[Proof],
    known: &Known<'_>,
    delivery: &Delivery<'_>,
    token: Option<&str>,
) -> bool {
    proofs.iter().any(|proof| match proof {
        Proof::Signature { header, prefix } => match known {
            Known::Plain(secret) => is_signed(secret, delivery, header, prefix),
            Known::Hash(_) => false,
        },
        Proof::Authorization => {
            let value = delivery.header(AUTHORIZATION.as_str());
            value.is_some_and(|value| in_authorization(known, value))
        }
        Proof::Header(name) => {
            let value = delivery.header(name);
            value.is_some_and(|value| known.is(value.as_bytes()))
        }
        Proof::Query => token.is_some_and(|token| known.is(token.as_bytes())),
    })
}

fn is_signed(secret: &[u8], delivery: &Delivery<'_>, header: &str, prefix: &str) -> bool {
    let signature = delivery.header(header).and_then(|value| {
        let digits = value.trim().strip_prefix(prefix)?;
        hex::decode(digits).ok()
    });
    let key = Key::new(HMAC_SHA256, secret);
    signature.is_some_and(|signature| verify(&key, delivery.body, &signature).is_ok())
}

fn in_authorization(known: &Known<'_>, value: &str) -> bool {
    if known.is(value.as_bytes()) {
        return true;
    }
    let Some((scheme, rest)) = value.split_once(' ') else {
        return false;
    };
    let rest = rest.trim();
    if !scheme.eq_ignore_ascii_case("basic") {
        return known.is(rest.as_bytes());
    }
    let decoded = STANDARD.decode(rest).unwrap_or_default();
    let password = decoded.iter().position(|byte| *byte == b':');
    password.is_some_and(|colon| known.is(&decoded[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn check(
        proof: Proof,
        known: &Known<'_>,
        header: (&'static str, &str),
        token: Option<&str>,
    ) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header.0, HeaderValue::from_str(header.1).unwrap());
        let delivery = Delivery {
            headers: &headers,
            body: b"Hello, World!",
        };
        shows(&[proof], known, &delivery, token)
    }

    /// The example in GitHub's documentation.
    #[test]
    fn a_signature_is_that_of_the_documentation() {
        let proof = Proof::Signature {
            header: "x-hub-signature-256",
            prefix: "sha256=",
        };
        let known = Known::Plain(b"It's a Secret to Everybody");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(check(
            proof,
            &known,
            ("x-hub-signature-256", signature),
            None
        ));
        let forged = signature.replace("757", "758");
        for wrong in [forged.as_str(), "sha256=", "sha256=zz", &signature[7..], ""] {
            assert!(
                !check(proof, &known, ("x-hub-signature-256", wrong), None),
                "{wrong}"
            );
        }
        assert!(!check(
            proof,
            &Known::Plain(b"other"),
            ("x-hub-signature-256", signature),
            None
        ));
    }

    #[test]
    fn a_secret_is_found_in_every_form_of_authorization() {
        let known = Known::Hash(Known::hash(b"hunter2"));
        for value in [
            "hunter2",
            "Bearer hunter2",
            "bearer  hunter2",
            "Basic OmEh",
            "Basic dTpodW50ZXIy",
        ] {
            let expected = value != "Basic OmEh";
            let found = check(Proof::Authorization, &known, ("authorization", value), None);
            assert_eq!(found, expected, "{value}");
        }
        for value in ["", "Bearer", "Bearer hunter", "Basic !!", "Basic hunter2"] {
            assert!(
                !check(Proof::Authorization, &known, ("authorization", value), None),
                "{value}"
            );
        }
    }

    #[test]
    fn a_secret_in_another_place_shows_nothing() {
        let known = Known::Hash(Known::hash(b"hunter2"));
        assert!(check(Proof::Query, &known, ("x-a", "b"), Some("hunter2")));
        assert!(!check(
            Proof::Query,
            &known,
            ("authorization", "hunter2"),
            None
        ));
        assert!(!check(
            Proof::Authorization,
            &known,
            ("x-a", "b"),
            Some("hunter2")
        ));
        assert!(check(
            Proof::Header("x-a"),
            &known,
            ("x-a", "hunter2"),
            None
        ));
    }
}
