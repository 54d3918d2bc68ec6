//! Documents that clients submitted.

use async_trait::async_trait;
use scanyard_package::Digest;

use super::PostgresStore;
use super::statements::statements;
use crate::Documents;
use crate::error::Result;
use crate::stored_document::{pack, unpack};

statements! {
    SAVE = "INSERT INTO documents (digest, content, created_at) VALUES ($1, $2, now())
            ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at";
    READ = "SELECT content FROM documents WHERE digest = $1";
}

#[async_trait]
impl Documents for PostgresStore {
    async fn save_document(&self, content: &[u8]) -> Result<Digest> {
        let (digest, packed) = pack(content)?;
        let packed = packed.as_slice();
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    sqlx::query(SAVE)
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
        let packed: Option<Vec<u8>> = self
            .session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(READ)
                        .bind(digest.as_bytes().as_slice())
                        .fetch_optional(c)
                        .await?)
                })
            })
            .await?;
        packed.as_deref().map(unpack).transpose()
    }
}
