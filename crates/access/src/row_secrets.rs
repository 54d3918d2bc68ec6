//! Secrets of rows, sealed for the store.

use scanyard_sealing::{SealError, Sealed, SealingKeys, Secret};
use scanyard_store::{RegistryId, ScanId, SealedSecret};

/// What a secret is, and of which row: it opens there and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrySecret {
    /// The password or token of a registry.
    Password(RegistryId),
    /// The private key of the certificate that a registry is shown.
    Key(RegistryId),
    /// The authorization that came with a scan.
    OfScan(ScanId),
}

impl RegistrySecret {
    fn row(self) -> String {
        match self {
            RegistrySecret::Password(id) => format!("registry password {}", id.0),
            RegistrySecret::Key(id) => format!("registry key {}", id.0),
            RegistrySecret::OfScan(id) => format!("scan authorization {}", id.0),
        }
    }
}

/// Seals a secret.
///
/// # Errors
///
/// When the system gives no randomness.
pub fn seal_secret(
    keys: &SealingKeys,
    what: RegistrySecret,
    secret: &[u8],
) -> Result<SealedSecret, SealError> {
    let sealed = keys.seal(secret, &what.row())?;
    Ok(SealedSecret {
        sealed_by: sealed.key_id,
        sealed: sealed.content,
    })
}

/// Opens a secret.
///
/// # Errors
///
/// When its key is not at hand, or it was sealed as something else.
pub fn open_secret(
    keys: &SealingKeys,
    what: RegistrySecret,
    secret: &SealedSecret,
) -> Result<Secret, SealError> {
    let sealed = Sealed {
        key_id: secret.sealed_by.clone(),
        content: secret.sealed.clone(),
    };
    keys.open(&sealed, &what.row())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_secret_opens_in_its_row_only() {
        let key = SealingKeys::generate().unwrap();
        let keys = SealingKeys::parse(std::str::from_utf8(key.expose()).unwrap()).unwrap();
        let id = RegistryId(Uuid::from_u128(1));
        let sealed = seal_secret(&keys, RegistrySecret::Password(id), b"hunter2").unwrap();
        let opened = open_secret(&keys, RegistrySecret::Password(id), &sealed).unwrap();
        assert_eq!(opened.expose(), b"hunter2");
        let others = [
            RegistrySecret::Key(id),
            RegistrySecret::Password(RegistryId(Uuid::from_u128(2))),
            RegistrySecret::OfScan(ScanId(id.0)),
        ];
        for other in others {
            assert_eq!(open_secret(&keys, other, &sealed), Err(SealError::Damaged));
        }
    }
}
