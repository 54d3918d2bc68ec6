//! How to reach the servers, and what may go wrong before the first message.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::QueueError;

/// Where the servers are, who we are to them, and what our part of them is called.
#[derive(Debug, Clone)]
pub struct JetStreamSettings {
    /// Servers of one NATS cluster, as `nats://HOST:PORT` or `tls://HOST:PORT`. Credentials in them
    /// are refused: addresses are printed and logged.
    pub urls: Vec<String>,
    /// Who we are.
    pub credentials: Credentials,
    /// How the connection is protected.
    pub tls: Tls,
    /// Begins every name of ours on the servers.
    pub prefix: Prefix,
    /// Servers that keep each message, where they are a cluster.
    pub replicas: usize,
    /// Messages that may wait; more are refused as unavailable.
    pub max_messages: u32,
    /// Bytes that may wait; more are refused as unavailable.
    pub max_bytes: u32,
    /// Longest wait for one answer of a server.
    pub timeout: Duration,
}

impl JetStreamSettings {
    /// Servers without credentials, under the default prefix.
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            credentials: Credentials::Anonymous,
            tls: Tls::default(),
            prefix: Prefix::default(),
            replicas: 1,
            max_messages: 1_000_000,
            max_bytes: 1 << 30,
            timeout: Duration::from_secs(5),
        }
    }
}

/// Who we are. Secrets are read from files, and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    Anonymous,
    /// A `.creds` file with a JWT and an NKey seed.
    File(PathBuf),
    /// A user whose password stands in a file.
    User {
        /// The user's name.
        name: String,
        /// Holds the password.
        password_file: PathBuf,
    },
    /// A file that holds a token.
    TokenFile(PathBuf),
}

/// How the connection is protected. The system's roots are trusted too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Refuses servers that do not offer TLS; a `tls://` address does so too.
    pub is_required: bool,
    /// Certificates (PEM) that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key (PEM), for servers that ask.
    pub identity: Option<TlsIdentity>,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What every name of ours on the servers begins with, so that several installations can share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

/// Longest prefix: names of streams become file names on the servers.
const MAX_PREFIX: usize = 64;

impl Prefix {
    /// The prefix as it begins subjects.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("scanyard".to_owned())
    }
}

/// A prefix is 1 to 64 of `a-z`, `0-9`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no prefix: use 1 to {MAX_PREFIX} of a-z, 0-9, _ and -")]
pub struct InvalidPrefix(String);

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        // No capitals: stream names are in capitals, and two prefixes must not meet there.
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=MAX_PREFIX).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPrefix(text.to_owned()))
        }
    }
}

/// Why the queue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A file with a secret or certificate cannot be used.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An address holds a user or password.
    #[error("a NATS address holds credentials; name a file that holds them instead")]
    CredentialsInAddress,
    /// The servers do not take our credentials or certificate.
    #[error("the NATS server refuses us; check credentials and TLS settings")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is on the server by this name cannot become what we need.
    #[error(
        "{name} on the NATS server does not fit: {reason}; choose another prefix, or remove it"
    )]
    Conflict {
        /// The stream or consumer.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// The servers cannot be reached, or have no JetStream yet; another try can help.
    #[error("the NATS server is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ConnectError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, ConnectError::Unavailable(_))
    }
}

impl From<QueueError> for ConnectError {
    fn from(error: QueueError) -> Self {
        ConnectError::Unavailable(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_safe_in_subjects_and_stream_names() {
        for good in ["scanyard", "team-1_a"] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        for bad in ["", "Scanyard", "a.b", "a b", "*", ">", &"a".repeat(65)] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }
}
