//! How a tenant's images are reached.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use super::builder::*;
use crate::*;

const OWNER: TenantId = TenantId::DEFAULT;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

fn secret(content: &[u8]) -> SealedSecret {
    SealedSecret {
        sealed_by: "key".to_owned(),
        sealed: content.to_vec(),
    }
}

fn full_settings() -> RegistrySettings {
    RegistrySettings {
        mirrors: vec!["mirror.test:5000".to_owned()],
        transport: RegistryTransport::Tls {
            authority: Some("PEM".to_owned()),
            certificate: Some(ClientCertificate {
                certificate: "PEM".to_owned(),
                key: secret(b"key"),
            }),
        },
        credentials: RegistryCredentials::Basic {
            username: "ann".to_owned(),
            password: secret(&[0, 255]),
        },
        repositories: vec!["team/**".to_owned()],
        private_addresses: true,
        token_hosts: vec!["auth.test".to_owned()],
        discovery: Some(vec!["team/*".to_owned()]),
    }
}

async fn create_registry(
    store: &dyn Store,
    tenant: TenantId,
    host: &str,
    settings: RegistrySettings,
) -> RegistryId {
    let id = RegistryId(Uuid::now_v7());
    let new = NewRegistry {
        id,
        tenant,
        host: host.to_owned(),
        settings,
    };
    let created = store.create_registry(&new).await.unwrap();
    assert_eq!(created, CreatedRegistry::New);
    id
}

pub async fn a_registry_is_its_tenants_and_one_of_a_host(store: Arc<dyn Store>) {
    let id = create_registry(&*store, OWNER, "b.test", full_settings()).await;
    create_registry(&*store, OWNER, "a.test", RegistrySettings::default()).await;
    let new = NewRegistry {
        id: RegistryId(Uuid::now_v7()),
        tenant: OWNER,
        host: "b.test".to_owned(),
        settings: RegistrySettings::default(),
    };
    let taken = store.create_registry(&new).await.unwrap();
    assert_eq!(taken, CreatedRegistry::HostTaken);

    let listed = store.registries(OWNER).await.unwrap();
    let hosts: Vec<_> = listed.iter().map(|known| known.host.as_str()).collect();
    assert_eq!(hosts, ["a.test", "b.test"]);
    let one = store.registry(OWNER, id).await.unwrap().unwrap();
    assert_eq!(one.settings, full_settings());
    let of_host = store.registry_of_host(OWNER, "b.test").await.unwrap();
    assert_eq!(of_host, Some(one));

    let other = other_tenant();
    assert_eq!(store.registry(other, id).await.unwrap(), None);
    assert_eq!(store.registry_of_host(other, "b.test").await.unwrap(), None);
    assert!(store.registries(other).await.unwrap().is_empty());
    let change = RegistryChange::default();
    assert!(!store.change_registry(other, id, &change).await.unwrap());
    assert!(!store.delete_registry(other, id).await.unwrap());
    create_registry(&*store, other, "b.test", RegistrySettings::default()).await;
    assert!(store.delete_registry(OWNER, id).await.unwrap());
    assert_eq!(store.registries(OWNER).await.unwrap().len(), 1);
}

pub async fn a_change_of_a_registry_leaves_the_rest_of_it(store: Arc<dyn Store>) {
    let id = create_registry(&*store, OWNER, "b.test", full_settings()).await;
    let change = RegistryChange {
        credentials: Some(RegistryCredentials::Token(secret(b"token"))),
        discovery: Some(None),
        ..RegistryChange::default()
    };
    assert!(store.change_registry(OWNER, id, &change).await.unwrap());
    let expected = RegistrySettings {
        credentials: RegistryCredentials::Token(secret(b"token")),
        discovery: None,
        ..full_settings()
    };
    let changed = store.registry(OWNER, id).await.unwrap().unwrap();
    assert_eq!(changed.settings, expected);
    assert!(changed.updated_at >= changed.created_at);
}

pub async fn a_discovery_is_taken_by_one_and_goes_on_at_its_cursor(store: Arc<dyn Store>) {
    create_registry(&*store, OWNER, "a.test", RegistrySettings::default()).await;
    assert_eq!(store.take_discovery(LONG).await.unwrap(), None);

    let id = create_registry(&*store, OWNER, "b.test", full_settings()).await;
    let first = store.take_discovery(LONG).await.unwrap().unwrap();
    assert_eq!((first.registry, first.cursor.as_deref()), (id, None));
    assert_eq!(first.repositories, ["team/*"]);
    assert_eq!(store.take_discovery(LONG).await.unwrap(), None);
    let step = WalkStep::Continue(Some("here".to_owned()), Duration::ZERO);
    store.save_discovery(&first, &step).await.unwrap();

    let second = store.take_discovery(LONG).await.unwrap().unwrap();
    assert_eq!(second.cursor.as_deref(), Some("here"));
    // One that comes late writes nothing.
    store.save_discovery(&first, &step).await.unwrap();
    assert_eq!(store.take_discovery(LONG).await.unwrap(), None);

    // What is looked for is another thing now, and it is looked for from the beginning.
    let change = RegistryChange {
        discovery: Some(Some(vec!["other/*".to_owned()])),
        ..RegistryChange::default()
    };
    assert!(store.change_registry(OWNER, id, &change).await.unwrap());
    store.save_discovery(&second, &step).await.unwrap();
    let third = store.take_discovery(LONG).await.unwrap().unwrap();
    assert_eq!(third.cursor, None);
    assert_eq!(third.repositories, ["other/*"]);
    let step = WalkStep::Complete(LONG);
    store.save_discovery(&third, &step).await.unwrap();
    assert_eq!(store.take_discovery(LONG).await.unwrap(), None);
}

pub async fn credentials_of_a_scan_go_with_it(store: Arc<dyn Store>) {
    let scan = new_scan(OWNER, "app");
    let later = Utc::now() + TimeDelta::hours(1);
    let (first, second) = (secret(b"first"), secret(b"second"));
    for secret in [&first, &second] {
        store
            .keep_scan_credential(OWNER, scan.id, secret, later)
            .await
            .unwrap();
    }
    // Nobody else replaces it.
    store
        .keep_scan_credential(other_tenant(), scan.id, &first, later)
        .await
        .unwrap();
    let known = store.scan_credential(scan.id).await.unwrap();
    assert_eq!(known, Some(second));

    create(&*store, &scan).await;
    assert_eq!(store.sweep_scan_credentials().await.unwrap(), 0);
    assert!(store.cancel_scan(OWNER, scan.id).await.unwrap().is_some());
    assert_eq!(store.sweep_scan_credentials().await.unwrap(), 1);
    assert_eq!(store.scan_credential(scan.id).await.unwrap(), None);

    let orphan = ScanId(Uuid::now_v7());
    let past = Utc::now() - TimeDelta::seconds(1);
    store
        .keep_scan_credential(OWNER, orphan, &first, past)
        .await
        .unwrap();
    assert_eq!(store.scan_credential(orphan).await.unwrap(), None);
    assert_eq!(store.sweep_scan_credentials().await.unwrap(), 1);
}
