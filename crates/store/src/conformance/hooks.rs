//! Hooks.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use uuid::Uuid;

use super::builder::*;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

fn new_hook(tenant: TenantId, secret: HookSecret) -> NewHook {
    NewHook {
        id: HookId(Uuid::now_v7()),
        tenant,
        name: "ci".to_owned(),
        kind: "harbor".to_owned(),
        registry: Some("harbor.test".to_owned()),
        repositories: vec!["shop/*".to_owned(), "base/**".to_owned()],
        secret,
    }
}

pub async fn a_hook_reads_back_and_is_removed_by_its_tenant_only(store: Arc<dyn Store>) {
    let sealed = HookSecret::Sealed {
        key_id: "k1".to_owned(),
        content: vec![1, 2, 3],
    };
    let mut first = new_hook(TenantId::DEFAULT, HookSecret::Hashed([7; 32]));
    first.registry = None;
    first.repositories.clear();
    let second = new_hook(TenantId::DEFAULT, sealed);
    for hook in [&first, &second] {
        assert!(store.create_hook(hook).await.unwrap());
    }
    let listed = store.hooks(TenantId::DEFAULT).await.unwrap();
    assert_eq!(listed.len(), 2);
    for (written, read) in [&first, &second].into_iter().zip(&listed) {
        assert_eq!(
            store.hook_of_any_tenant(written.id).await.unwrap().as_ref(),
            Some(read)
        );
        let read = NewHook {
            id: read.id,
            tenant: read.tenant,
            name: read.name.clone(),
            kind: read.kind.clone(),
            registry: read.registry.clone(),
            repositories: read.repositories.clone(),
            secret: read.secret.clone(),
        };
        assert_eq!(*written, read);
    }
    assert!(store.hooks(other_tenant()).await.unwrap().is_empty());
    assert!(!store.delete_hook(other_tenant(), first.id).await.unwrap());
    assert!(
        store
            .delete_hook(TenantId::DEFAULT, first.id)
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_hook(TenantId::DEFAULT, first.id)
            .await
            .unwrap()
    );
    assert_eq!(store.hook_of_any_tenant(first.id).await.unwrap(), None);
}
