//! Documents that clients submitted.

use async_trait::async_trait;
use scanyard_package::Digest;

use super::SqliteStore;
use crate::Documents;
use crate::error::Result;
use crate::stored_document::{pack, unpack};

#[async_trait]
impl Documents for SqliteStore {
    async fn save_document(&self, content: &[u8]) -> Result<Digest> {
        let (digest, packed) = pack(content)?;
        self.write(move |c| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO documents (digest, content) VALUES (?1, ?2)
                     ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at",
                )
                .bind(digest.as_bytes().as_slice())
                .bind(packed)
                .execute(c)
                .await?;
                Ok(())
            })
        })
        .await?;
        Ok(digest)
    }

    async fn document(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        let packed: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT content FROM documents WHERE digest = ?1")
                .bind(digest.as_bytes().as_slice())
                .fetch_optional(self.readers())
                .await?;
        packed.as_deref().map(unpack).transpose()
    }
}
