//! Submitted documents.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::sync::Arc;

use scanyard_package::Digest;

use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

pub async fn a_document_is_kept_once_under_its_digest(store: Arc<dyn Store>) {
    let content = b"{\"bomFormat\": \"CycloneDX\"}".repeat(100);
    let digest = store.save_document(&content).await.unwrap();
    assert_eq!(store.save_document(&content).await.unwrap(), digest);
    assert_eq!(store.document(digest).await.unwrap(), Some(content));
    let other = store.save_document(b"").await.unwrap();
    assert_ne!(other, digest);
    assert_eq!(store.document(other).await.unwrap(), Some(Vec::new()));
    let unknown = Digest::from_bytes([9; 32]);
    assert_eq!(store.document(unknown).await.unwrap(), None);
}
