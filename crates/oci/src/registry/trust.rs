//! Certificates of one registry: whom to trust, and what to show.

use aws_lc_rs::digest::{Context, SHA256};
use reqwest::{Certificate, ClientBuilder, Identity};

/// Certificates beside those of the machine. Its debug form shows no key.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Certificates {
    /// Authorities to trust too, as PEM.
    pub authority: Option<String>,
    /// What to show to a registry that asks: certificate and private key, as PEM.
    pub client: Option<String>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("authority", &self.authority.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

impl Certificates {
    /// Whether they can be used.
    ///
    /// # Errors
    ///
    /// A sentence on what is wrong with them.
    pub fn check(&self) -> Result<(), &'static str> {
        if let Some(authority) = &self.authority {
            let read = Certificate::from_pem_bundle(authority.as_bytes());
            if read.map_or(true, |certificates| certificates.is_empty()) {
                return Err("the authority is no certificate in PEM");
            }
        }
        let client = self.client.as_deref().map(str::as_bytes);
        match client.map(Identity::from_pem) {
            Some(Err(_)) => Err("the client certificate and its key are not both PEM"),
            _ => {
                // Whether key and certificate belong together is seen by those who make the client.
                let made = self
                    .apply(reqwest::Client::builder())
                    .and_then(ClientBuilder::build);
                made.map(drop).map_err(
                    |_| "the certificates cannot be used: is the key that of the certificate?",
                )
            }
        }
    }

    pub(super) fn apply(&self, mut builder: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        if let Some(authority) = &self.authority {
            let certificates = Certificate::from_pem_bundle(authority.as_bytes())?;
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(client) = &self.client {
            builder = builder.identity(Identity::from_pem(client.as_bytes())?);
        }
        Ok(builder)
    }

    /// Tells clients of different certificates apart without keeping keys.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for text in [&self.authority, &self.client] {
            let text = text.as_deref().unwrap_or_default();
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_and_not_shown() {
        let authority = Certificates {
            authority: Some("hunter2".to_owned()),
            client: None,
        };
        assert!(authority.check().is_err());
        let client = Certificates {
            authority: None,
            client: Some("hunter2".to_owned()),
        };
        assert!(client.check().is_err());
        assert!(!format!("{authority:?} {client:?}").contains("hunter2"));
        assert_ne!(authority.fingerprint(), client.fingerprint());
        assert_eq!(Certificates::default().check(), Ok(()));
    }
}
