//! Why a registry cannot be asked.

use scanyard_sealing::SealError;
use scanyard_store::StoreError;

use crate::{HostRefused, InvalidAuthorization};

/// Why a registry cannot be asked for something.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It may not be asked at all.
    #[error(transparent)]
    Host(#[from] HostRefused),
    /// It may not be asked for this repository.
    #[error("the repository {repository} is not among those allowed of {host}")]
    Repository {
        /// The registry's host.
        host: String,
        /// The repository.
        repository: String,
    },
    /// Its credentials are sealed, and there is no key.
    #[error("the credentials of {0} are encrypted, and this process has no key")]
    NoKey(String),
    /// Its credentials cannot be opened.
    #[error("the credentials of {host} cannot be decrypted")]
    Sealed {
        /// The registry's host.
        host: String,
        /// Why.
        #[source]
        source: SealError,
    },
    /// What was sealed for a scan is none of the forms that registries take.
    #[error("the credentials that came with the scan are none")]
    Authorization(#[from] InvalidAuthorization),
    /// What is stored as a mirror is no host.
    #[error("{0} is no host of a registry")]
    Mirror(String),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// A stable word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            AccessError::Host(_) => "registry_not_allowed",
            AccessError::Repository { .. } => "repository_not_allowed",
            AccessError::NoKey(_)
            | AccessError::Sealed { .. }
            | AccessError::Authorization(_)
            | AccessError::Mirror(_) => "registry_credentials_unusable",
            AccessError::Store(_) => "store_unavailable",
        }
    }

    /// What can be done about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            AccessError::Host(HostRefused::NotAllowed(_)) => {
                "add it with `scanyard registry add HOST`, or start the service with --allow-registry HOST"
            }
            AccessError::Host(HostRefused::NotPublic(_)) => {
                "add it with `scanyard registry add HOST --private`, where that is allowed, or start the \
                 service with --allow-private-registries"
            }
            AccessError::Repository { .. } => {
                "choose another repository, or add it to those allowed with `scanyard registry set`"
            }
            AccessError::NoKey(_) | AccessError::Sealed { .. } => {
                "start all roles with the same --sealing-key-file, or give the credentials anew"
            }
            AccessError::Authorization(_) => "send credentials of type Basic or Bearer",
            AccessError::Mirror(_) => "write mirrors as HOST or HOST:PORT",
            AccessError::Store(_) => "wait until /readyz is well again, then try again",
        }
    }
}
