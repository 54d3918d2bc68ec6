//! What a client talks about: one repository, or which repositories a registry has.

use std::fmt;

use http::StatusCode;

use crate::{OciError, Reference, RegistryHost};

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Place {
    Repository(Reference),
    Catalog(RegistryHost),
}

impl Place {
    pub fn registry(&self) -> &str {
        match self {
            Place::Repository(reference) => reference.registry(),
            Place::Catalog(host) => host.as_str(),
        }
    }

    pub fn is_loopback(&self) -> bool {
        match self {
            Place::Repository(reference) => reference.is_loopback(),
            Place::Catalog(host) => host.is_loopback(),
        }
    }

    /// What credentials are looked for under, within the registry's.
    pub fn repository(&self) -> &str {
        match self {
            Place::Repository(reference) => reference.repository(),
            Place::Catalog(_) => "",
        }
    }

    /// What a token has to allow, where the challenge does not say it.
    pub fn scope(&self) -> String {
        match self {
            Place::Repository(reference) => format!("repository:{}:pull", reference.repository()),
            Place::Catalog(_) => "registry:catalog:*".to_owned(),
        }
    }

    /// The whole path of a request.
    pub fn path(&self, path: &str) -> String {
        match self {
            Place::Repository(reference) => format!("v2/{}/{path}", reference.repository()),
            Place::Catalog(_) => format!("v2/{path}"),
        }
    }

    /// What it means that a path does not exist; `None` for statuses that do not say so.
    pub fn missing(&self, path: &str, status: StatusCode) -> Option<OciError> {
        match (self, status) {
            (Place::Repository(reference), StatusCode::NOT_FOUND) => {
                let what = path.strip_prefix("manifests/").unwrap_or(path);
                let what = what.strip_prefix("blobs/").unwrap_or(what);
                let (registry, repository) = (reference.registry(), reference.repository());
                let mark = if what.contains(':') { '@' } else { ':' };
                Some(OciError::NotFound(format!(
                    "{registry}/{repository}{mark}{what}"
                )))
            }
            (
                Place::Catalog(host),
                StatusCode::NOT_FOUND
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_IMPLEMENTED,
            ) => Some(OciError::NoCatalog(host.to_string())),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Repository(reference) => reference.fmt(f),
            Place::Catalog(_) => f.write_str("its list of repositories"),
        }
    }
}
