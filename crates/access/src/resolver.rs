//! From a tenant and a host to settings of the registry client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scanyard_oci::{
    Certificates, CredentialFiles, Credentials, IDENTITY_TOKEN_USER, RegistryHost, RegistryOptions,
};
use scanyard_sealing::{SealingKeys, Secret};
use scanyard_store::{
    RegistryCredentials, RegistryResource, RegistryTransport, ScanId, SealedSecret, Store,
    StoreError, TenantId, matches_name,
};
use tokio::time::Instant;

use crate::{AccessError, RegistryRules, RegistrySecret, ScanAuthorization, open_secret};

/// How long a row that was read counts as the one that is stored: a change is felt after this.
const FRESH: Duration = Duration::from_secs(2);
/// Rows that are kept at most.
const MAX_ROWS: usize = 1000;

/// What is asked of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// A repository.
    Repository(&'a str),
    /// A repository for a scan, which may have credentials of its own.
    ForScan(&'a str, ScanId),
    /// Which repositories there are.
    Catalog,
}

impl<'a> Wanted<'a> {
    fn repository(self) -> Option<&'a str> {
        match self {
            Wanted::Repository(repository) | Wanted::ForScan(repository, _) => Some(repository),
            Wanted::Catalog => None,
        }
    }
}

/// How registries are reached. Clones share what they know.
#[derive(Clone)]
pub struct RegistryAccess(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    keys: Option<Arc<SealingKeys>>,
    rules: RegistryRules,
    /// For registries of which nothing is stored.
    base: RegistryOptions,
    rows: Mutex<HashMap<(TenantId, String), Row>>,
}

/// A row as it was read. Its secrets are sealed.
struct Row {
    resource: Option<Arc<RegistryResource>>,
    read_at: Instant,
}

impl RegistryAccess {
    /// Reaches registries by these rules; `base` holds for those of which nothing is stored.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Option<Arc<SealingKeys>>,
        rules: RegistryRules,
        base: RegistryOptions,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            keys,
            rules,
            base,
            rows: Mutex::default(),
        }))
    }

    /// How to ask a registry for something on a tenant's behalf.
    ///
    /// # Errors
    ///
    /// When it may not be asked for that, or its credentials cannot be opened.
    pub async fn options(
        &self,
        tenant: TenantId,
        host: &str,
        wanted: Wanted<'_>,
    ) -> Result<RegistryOptions, AccessError> {
        let known = self.row(tenant, host).await?;
        if let (Some(known), Some(repository)) = (&known, wanted.repository()) {
            check_repository(known, repository)?;
        }
        let mut options = self.options_of(host, known.as_deref())?;
        for mirror in known.iter().flat_map(|known| &known.settings.mirrors) {
            options.mirrors.push(self.mirror(tenant, mirror).await?);
        }
        if let Wanted::ForScan(_, scan) = wanted {
            self.add_authorization(scan, host, &mut options).await?;
        }
        Ok(options)
    }

    async fn mirror(
        &self,
        tenant: TenantId,
        mirror: &str,
    ) -> Result<(RegistryHost, RegistryOptions), AccessError> {
        let host: RegistryHost = mirror
            .parse()
            .map_err(|_| AccessError::Mirror(mirror.to_owned()))?;
        let known = self.row(tenant, mirror).await?;
        let options = self.options_of(mirror, known.as_deref())?;
        // One that does not answer must not keep people waiting: there is the registry itself.
        Ok((
            host,
            RegistryOptions {
                retries: 0,
                ..options
            },
        ))
    }

    /// What came with a scan stands in place of all that is stored.
    async fn add_authorization(
        &self,
        scan: ScanId,
        host: &str,
        options: &mut RegistryOptions,
    ) -> Result<(), AccessError> {
        let Some(sealed) = self.0.store.scan_credential(scan).await? else {
            return Ok(());
        };
        let header = self.open(host, RegistrySecret::OfScan(scan), &sealed)?;
        let header = std::str::from_utf8(header.expose()).unwrap_or_default();
        ScanAuthorization::parse(header)?.apply(options);
        options.credential_files = CredentialFiles::none();
        Ok(())
    }

    fn options_of(
        &self,
        host: &str,
        known: Option<&RegistryResource>,
    ) -> Result<RegistryOptions, AccessError> {
        let settings = known.map(|known| &known.settings);
        let rules = &self.0.rules;
        rules.check(host, settings)?;
        let mut options = RegistryOptions {
            egress: rules.egress(settings),
            token_hosts: rules.token_hosts(host, settings),
            ..self.0.base.clone()
        };
        let Some(known) = known else {
            return Ok(options);
        };
        // Who adds a registry may be who runs it: what is not for it alone is not shown to it.
        options.credentials = self.credentials(known)?;
        if options.credentials.is_some() {
            options.credential_files = CredentialFiles::none();
        }
        match &known.settings.transport {
            RegistryTransport::PlainHttp => options.plain_http = true,
            RegistryTransport::Tls {
                authority,
                certificate,
            } => {
                let client = certificate.as_ref().map(|shown| {
                    let what = RegistrySecret::Key(known.id);
                    let key = self.open(&known.host, what, &shown.key)?;
                    let key = String::from_utf8_lossy(key.expose());
                    Ok::<_, AccessError>(format!("{}\n{key}", shown.certificate))
                });
                options.plain_http = false;
                options.certificates = Certificates {
                    authority: authority.clone(),
                    client: client.transpose()?,
                };
            }
        }
        Ok(options)
    }

    fn credentials(&self, known: &RegistryResource) -> Result<Option<Credentials>, AccessError> {
        let (username, sealed) = match &known.settings.credentials {
            RegistryCredentials::None => return Ok(None),
            RegistryCredentials::Basic { username, password } => (username.as_str(), password),
            RegistryCredentials::Token(token) => (IDENTITY_TOKEN_USER, token),
        };
        let secret = self.open(&known.host, RegistrySecret::Password(known.id), sealed)?;
        Ok(Some(Credentials {
            username: username.to_owned(),
            password: String::from_utf8_lossy(secret.expose()).into_owned(),
        }))
    }

    fn open(
        &self,
        host: &str,
        what: RegistrySecret,
        sealed: &SealedSecret,
    ) -> Result<Secret, AccessError> {
        let keys = self.0.keys.as_ref();
        let keys = keys.ok_or_else(|| AccessError::NoKey(host.to_owned()))?;
        open_secret(keys, what, sealed).map_err(|source| AccessError::Sealed {
            host: host.to_owned(),
            source,
        })
    }

    /// What the tenant has stored about a host, as it was a moment ago.
    async fn row(
        &self,
        tenant: TenantId,
        host: &str,
    ) -> Result<Option<Arc<RegistryResource>>, StoreError> {
        let key = (tenant, host.to_ascii_lowercase());
        if let Some(known) = self.fresh_row(&key) {
            return Ok(known);
        }
        let read_at = Instant::now();
        let resource = self.0.store.registry_of_host(tenant, &key.1).await?;
        let resource = resource.map(Arc::new);
        let row = Row {
            resource: resource.clone(),
            read_at,
        };
        let mut rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= MAX_ROWS {
            rows.retain(|_, row| row.read_at.elapsed() < FRESH);
        }
        if rows.len() < MAX_ROWS {
            rows.insert(key, row);
        }
        Ok(resource)
    }

    fn fresh_row(&self, key: &(TenantId, String)) -> Option<Option<Arc<RegistryResource>>> {
        let rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.get(key).filter(|row| row.read_at.elapsed() < FRESH)?;
        Some(row.resource.clone())
    }
}

fn check_repository(known: &RegistryResource, repository: &str) -> Result<(), AccessError> {
    let allowed = &known.settings.repositories;
    if allowed.is_empty()
        || allowed
            .iter()
            .any(|pattern| matches_name(pattern, repository))
    {
        return Ok(());
    }
    Err(AccessError::Repository {
        host: known.host.clone(),
        repository: repository.to_owned(),
    })
}
