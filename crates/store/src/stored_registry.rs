//! How a registry is reached, as it is stored: JSON of a shape of its own.
//!
//! Fields are only ever added, each with a default; what an earlier version wrote must still read.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{
    ClientCertificate, RegistryCredentials, RegistrySettings, RegistryTransport, SealedSecret,
    StoreError,
};

/// Registries that a tenant may have.
pub(crate) const MAX_REGISTRIES: i64 = 500;

#[derive(Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Stored {
    mirrors: Vec<String>,
    transport: StoredTransport,
    credentials: StoredCredentials,
    repositories: Vec<String>,
    private_addresses: bool,
    token_hosts: Vec<String>,
    discovery: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredTransport {
    PlainHttp,
    Tls {
        #[serde(default)]
        authority: Option<String>,
        #[serde(default)]
        certificate: Option<StoredCertificate>,
    },
}

impl Default for StoredTransport {
    fn default() -> Self {
        StoredTransport::Tls {
            authority: None,
            certificate: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredCertificate {
    certificate: String,
    key: StoredSecret,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredCredentials {
    #[default]
    None,
    Basic {
        username: String,
        password: StoredSecret,
    },
    Token {
        token: StoredSecret,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredSecret {
    sealed_by: String,
    /// Hexadecimal.
    sealed: String,
}

impl From<&SealedSecret> for StoredSecret {
    fn from(secret: &SealedSecret) -> Self {
        Self {
            sealed_by: secret.sealed_by.clone(),
            sealed: hex::encode(&secret.sealed),
        }
    }
}

impl StoredSecret {
    fn read(self) -> Result<SealedSecret> {
        let sealed = hex::decode(&self.sealed);
        Ok(SealedSecret {
            sealed_by: self.sealed_by,
            sealed: sealed.map_err(|_| StoreError::Corrupt("a sealed secret".to_owned()))?,
        })
    }
}

pub(crate) fn encode_registry(settings: &RegistrySettings) -> Result<String> {
    let stored = Stored {
        mirrors: settings.mirrors.clone(),
        transport: match &settings.transport {
            RegistryTransport::PlainHttp => StoredTransport::PlainHttp,
            RegistryTransport::Tls {
                authority,
                certificate,
            } => StoredTransport::Tls {
                authority: authority.clone(),
                certificate: certificate.as_ref().map(|shown| StoredCertificate {
                    certificate: shown.certificate.clone(),
                    key: (&shown.key).into(),
                }),
            },
        },
        credentials: match &settings.credentials {
            RegistryCredentials::None => StoredCredentials::None,
            RegistryCredentials::Basic { username, password } => StoredCredentials::Basic {
                username: username.clone(),
                password: password.into(),
            },
            RegistryCredentials::Token(token) => StoredCredentials::Token {
                token: token.into(),
            },
        },
        repositories: settings.repositories.clone(),
        private_addresses: settings.private_addresses,
        token_hosts: settings.token_hosts.clone(),
        discovery: settings.discovery.clone(),
    };
    serde_json::to_string(&stored).map_err(|error| corrupt(&error))
}

pub(crate) fn decode_registry(content: &str) -> Result<RegistrySettings> {
    let stored: Stored = serde_json::from_str(content).map_err(|error| corrupt(&error))?;
    let transport = match stored.transport {
        StoredTransport::PlainHttp => RegistryTransport::PlainHttp,
        StoredTransport::Tls {
            authority,
            certificate,
        } => RegistryTransport::Tls {
            authority,
            certificate: certificate.map(read_certificate).transpose()?,
        },
    };
    let credentials = match stored.credentials {
        StoredCredentials::None => RegistryCredentials::None,
        StoredCredentials::Basic { username, password } => RegistryCredentials::Basic {
            username,
            password: password.read()?,
        },
        StoredCredentials::Token { token } => RegistryCredentials::Token(token.read()?),
    };
    Ok(RegistrySettings {
        mirrors: stored.mirrors,
        transport,
        credentials,
        repositories: stored.repositories,
        private_addresses: stored.private_addresses,
        token_hosts: stored.token_hosts,
        discovery: stored.discovery,
    })
}

fn read_certificate(stored: StoredCertificate) -> Result<ClientCertificate> {
    Ok(ClientCertificate {
        certificate: stored.certificate,
        key: stored.key.read()?,
    })
}

/// Without what was written: it may be secret.
fn corrupt(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!(
        "a registry, at line {} column {}",
        error.line(),
        error.column()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first stored form, as version 0.1 wrote it.
    const FIRST: &str = r#"{"mirrors":["mirror.test"],
        "transport":{"kind":"tls","authority":"PEM","certificate":{"certificate":"PEM",
            "key":{"sealed_by":"k1","sealed":"00ff"}}},
        "credentials":{"kind":"basic","username":"ann",
            "password":{"sealed_by":"k1","sealed":"0102"}},
        "repositories":["team/**"],"private_addresses":true,"token_hosts":["auth.test"],
        "discovery":["team/*"]}"#;

    #[test]
    fn what_an_earlier_version_wrote_still_reads() {
        let settings = decode_registry(FIRST).unwrap();
        assert!(settings.private_addresses);
        let RegistryCredentials::Basic { password, .. } = &settings.credentials else {
            panic!("{settings:?}");
        };
        assert_eq!(password.sealed, [1, 2]);
        let again = decode_registry(&encode_registry(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
        assert_eq!(decode_registry("{}").unwrap(), RegistrySettings::default());
    }

    #[test]
    fn what_is_damaged_is_not_quoted() {
        let damaged = r#"{"credentials":{"kind":"basic","username":"ann","password":"hunter2"}}"#;
        let error = decode_registry(damaged).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
