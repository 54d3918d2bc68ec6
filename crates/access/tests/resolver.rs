//! From what a tenant stores to what a registry is asked with.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use scanyard_access::{
    AccessError, HostRefused, RegistryAccess, RegistryRules, RegistrySecret, ScanAuthorization,
    Wanted, seal_secret,
};
use scanyard_egress::Egress;
use scanyard_oci::{CredentialFiles, Credentials, RegistryOptions, TokenHosts};
use scanyard_sealing::SealingKeys;
use scanyard_store::{
    ClientCertificate, NewRegistry, Registries, RegistryCredentials, RegistryId, RegistrySettings,
    RegistryTransport, ScanCredentials, ScanId, SqliteStore, TenantId,
};
use tempfile::TempDir;
use uuid::Uuid;

const OWNER: TenantId = TenantId::DEFAULT;
const HOST: &str = "registry.example:5000";

struct World {
    store: Arc<SqliteStore>,
    keys: Arc<SealingKeys>,
    access: RegistryAccess,
    _directory: TempDir,
}

impl World {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = SqliteStore::open(&directory.path().join("a.db")).await;
        let store = Arc::new(store.unwrap());
        let key = SealingKeys::generate().unwrap();
        let keys = SealingKeys::parse(std::str::from_utf8(key.expose()).unwrap()).unwrap();
        let keys = Arc::new(keys);
        let rules = RegistryRules::default();
        let known = Some(Arc::clone(&keys));
        Self {
            access: RegistryAccess::new(store.clone(), known, rules, base()),
            store,
            keys,
            _directory: directory,
        }
    }

    fn seal(&self, what: RegistrySecret, secret: &str) -> scanyard_store::SealedSecret {
        seal_secret(&self.keys, what, secret.as_bytes()).unwrap()
    }

    async fn add(&self, id: RegistryId, host: &str, settings: RegistrySettings) {
        let new = NewRegistry {
            id,
            tenant: OWNER,
            host: host.to_owned(),
            settings,
        };
        self.store.create_registry(&new).await.unwrap();
    }

    async fn options(&self, wanted: Wanted<'_>) -> Result<RegistryOptions, AccessError> {
        self.access.options(OWNER, HOST, wanted).await
    }
}

fn base() -> RegistryOptions {
    RegistryOptions {
        credential_files: CredentialFiles::none(),
        credentials: Some(credentials("machine")),
        ..RegistryOptions::default()
    }
}

fn credentials(username: &str) -> Credentials {
    Credentials {
        username: username.to_owned(),
        password: "hunter2".to_owned(),
    }
}

fn id() -> RegistryId {
    RegistryId(Uuid::now_v7())
}

#[tokio::test]
async fn a_registry_without_credentials_is_shown_none_of_the_machine() {
    let world = World::new().await;
    world.add(id(), HOST, RegistrySettings::default()).await;
    let options = world.options(Wanted::Repository("team/app")).await.unwrap();
    assert_eq!(options.credentials, None);
}

#[tokio::test]
async fn what_is_stored_about_a_registry_is_what_it_is_asked_with() {
    let world = World::new().await;
    let id = id();
    let key = world.seal(RegistrySecret::Key(id), "KEY");
    let settings = RegistrySettings {
        mirrors: vec!["quay.io".to_owned()],
        transport: RegistryTransport::Tls {
            authority: Some("CA".to_owned()),
            certificate: Some(ClientCertificate {
                certificate: "CERTIFICATE".to_owned(),
                key,
            }),
        },
        credentials: RegistryCredentials::Basic {
            username: "ann".to_owned(),
            password: world.seal(RegistrySecret::Password(id), "hunter2"),
        },
        repositories: vec!["team/**".to_owned()],
        private_addresses: true,
        token_hosts: vec!["auth.example".to_owned()],
        discovery: None,
    };
    world.add(id, HOST, settings).await;

    let options = world.options(Wanted::Repository("team/app")).await.unwrap();
    assert_eq!(options.credentials, Some(credentials("ann")));
    assert_eq!(options.certificates.authority.as_deref(), Some("CA"));
    let client = options.certificates.client.unwrap();
    assert_eq!(client, "CERTIFICATE\nKEY");
    // The operator allows no private addresses, whatever the tenant says.
    assert_eq!(options.egress, Egress::PublicOnly);
    let TokenHosts::Known { hosts, .. } = &options.token_hosts else {
        panic!("{:?}", options.token_hosts);
    };
    assert!(hosts.contains(&"auth.example".to_owned()));
    let [(mirror, mirrored)] = options.mirrors.as_slice() else {
        panic!("{:?}", options.mirrors);
    };
    assert_eq!(mirror.as_str(), "quay.io");
    assert_eq!(mirrored.egress, Egress::PublicOnly);

    let refused = world.options(Wanted::Repository("other/app")).await;
    assert_eq!(refused.unwrap_err().code(), "repository_not_allowed");
    let other = TenantId(Uuid::from_u128(2));
    let refused = world.access.options(other, HOST, Wanted::Catalog).await;
    assert!(matches!(
        refused,
        Err(AccessError::Host(HostRefused::NotAllowed(_)))
    ));
}

#[tokio::test]
async fn a_registry_of_which_nothing_is_stored_has_the_settings_of_the_machine() {
    let world = World::new().await;
    let asked = world.access.options(OWNER, "docker.io", Wanted::Catalog);
    let options = asked.await.unwrap();
    assert_eq!(options.credentials, Some(credentials("machine")));
    assert_eq!(options.egress, Egress::PublicOnly);
    let TokenHosts::Known { hosts, .. } = options.token_hosts else {
        panic!("any host may sell tokens");
    };
    assert!(hosts.contains(&"auth.docker.io".to_owned()));
}

#[tokio::test]
async fn credentials_that_came_with_a_scan_stand_before_all_others() {
    let world = World::new().await;
    let registry = id();
    let password = world.seal(RegistrySecret::Password(registry), "stored");
    let settings = RegistrySettings {
        credentials: RegistryCredentials::Token(password),
        ..RegistrySettings::default()
    };
    world.add(registry, HOST, settings).await;
    let scan = ScanId(Uuid::now_v7());
    let authorization = ScanAuthorization::parse("Basic YW5uOmh1bnRlcjI=").unwrap();
    let sealed = authorization.seal(&world.keys, scan).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    world
        .store
        .keep_scan_credential(OWNER, scan, &sealed, later.into())
        .await
        .unwrap();

    let for_scan = world.options(Wanted::ForScan("app", scan)).await.unwrap();
    assert_eq!(for_scan.credentials, Some(credentials("ann")));
    let other = ScanId(Uuid::now_v7());
    let for_other = world.options(Wanted::ForScan("app", other)).await.unwrap();
    assert_eq!(for_other.credentials.unwrap().password, "stored");
}

#[tokio::test]
async fn sealed_credentials_without_their_key_are_an_error_that_says_so() {
    let world = World::new().await;
    let registry = id();
    let password = world.seal(RegistrySecret::Password(registry), "stored");
    let settings = RegistrySettings {
        credentials: RegistryCredentials::Token(password),
        ..RegistrySettings::default()
    };
    world.add(registry, HOST, settings).await;
    let rules = RegistryRules::default();
    let access = RegistryAccess::new(world.store.clone(), None, rules, base());
    let refused = access.options(OWNER, HOST, Wanted::Catalog).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, AccessError::NoKey(_)), "{error}");
    assert!(error.remedy().contains("--sealing-key-file"));
}
