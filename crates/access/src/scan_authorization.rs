//! The authorization that whoever asks for a scan gives for it: the value of an HTTP header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scanyard_oci::{BearerToken, Credentials, RegistryOptions};
use scanyard_sealing::{SealError, SealingKeys};
use scanyard_store::{ScanId, SealedSecret};

use crate::{RegistrySecret, seal_secret};

/// Longest value that is taken.
const MAX_LENGTH: usize = 16 * 1024;

/// What a registry is shown for one scan. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanAuthorization {
    header: String,
    shown: Shown,
}

#[derive(Clone, PartialEq, Eq)]
enum Shown {
    Basic(Credentials),
    Bearer(BearerToken),
}

/// The value is none that registries take. What it is instead may be a secret, so it is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither `Basic` with a name and a password nor `Bearer` with a token")]
pub struct InvalidAuthorization;

impl std::fmt::Debug for ScanAuthorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScanAuthorization")
    }
}

impl ScanAuthorization {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    ///
    /// When it is neither basic nor bearer.
    pub fn parse(header: &str) -> Result<Self, InvalidAuthorization> {
        let header = header.trim();
        let (scheme, value) = header.split_once(' ').ok_or(InvalidAuthorization)?;
        let value = value.trim();
        if value.is_empty()
            || header.len() > MAX_LENGTH
            || !value.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(InvalidAuthorization);
        }
        let shown = if scheme.eq_ignore_ascii_case("basic") {
            Shown::Basic(read_basic(value).ok_or(InvalidAuthorization)?)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Shown::Bearer(BearerToken(value.to_owned()))
        } else {
            return Err(InvalidAuthorization);
        };
        Ok(Self {
            header: header.to_owned(),
            shown,
        })
    }

    /// Seals it for a scan.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness.
    pub fn seal(&self, keys: &SealingKeys, scan: ScanId) -> Result<SealedSecret, SealError> {
        seal_secret(keys, RegistrySecret::OfScan(scan), self.header.as_bytes())
    }

    /// Shows this and nothing else.
    pub(crate) fn apply(self, options: &mut RegistryOptions) {
        match self.shown {
            Shown::Basic(credentials) => options.credentials = Some(credentials),
            Shown::Bearer(token) => options.bearer = Some(token),
        }
    }
}

fn read_basic(value: &str) -> Option<Credentials> {
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (username, password) = pair.split_once(':')?;
    Some(Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(header: &str) -> RegistryOptions {
        let mut options = RegistryOptions::default();
        ScanAuthorization::parse(header)
            .unwrap()
            .apply(&mut options);
        options
    }

    #[test]
    fn both_kinds_are_read_whatever_their_case() {
        let credentials = applied("basic YW5uOnNlOmNyZXQ=").credentials.unwrap();
        assert_eq!(credentials.username, "ann");
        assert_eq!(credentials.password, "se:cret");
        let token = applied(" Bearer abc.def ").bearer.unwrap();
        assert_eq!(token.0, "abc.def");
    }

    #[test]
    fn what_is_none_is_refused_and_not_shown() {
        let long = format!("Bearer {}", "a".repeat(MAX_LENGTH));
        for header in [
            "",
            "hunter2",
            "Basic",
            "Basic hunter2",
            "Digest a",
            "Bearer a b",
            "Bearer ä",
            &long,
        ] {
            assert_eq!(
                ScanAuthorization::parse(header),
                Err(InvalidAuthorization),
                "{header}"
            );
        }
        let read = ScanAuthorization::parse("Bearer hunter2").unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
