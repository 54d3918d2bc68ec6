//! How likely vulnerabilities are to be exploited.

use async_trait::async_trait;
use serde_json::json;

use super::SqliteStore;
use crate::Predictions;
use crate::error::Result;

const IDS: &str = "SELECT DISTINCT vulnerability FROM finding_ids WHERE vulnerability > ?1
    ORDER BY vulnerability LIMIT ?2";
/// Rows that say so already are not written.
const SAVE: &str = "INSERT INTO exploit_predictions (vulnerability, probability)
    SELECT value->>0, value->>1 FROM json_each(?1) WHERE value->>1 IS NOT NULL
    ON CONFLICT (vulnerability) DO UPDATE SET probability = excluded.probability
    WHERE exploit_predictions.probability <> excluded.probability";
const FORGET: &str = "DELETE FROM exploit_predictions WHERE vulnerability IN (
    SELECT value->>0 FROM json_each(?1) WHERE value->>1 IS NULL)";

#[async_trait]
impl Predictions for SqliteStore {
    async fn vulnerability_ids(&self, after: &str, limit: u32) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(IDS)
            .bind(after)
            .bind(limit)
            .fetch_all(self.readers())
            .await?)
    }

    async fn save_predictions(&self, predictions: &[(String, Option<f64>)]) -> Result<u64> {
        let said = json!(predictions).to_string();
        self.write(move |c| {
            Box::pin(async move {
                let mut different = 0;
                for statement in [SAVE, FORGET] {
                    let done = sqlx::query(statement).bind(&said).execute(&mut *c).await?;
                    different += done.rows_affected();
                }
                Ok(different)
            })
        })
        .await
    }
}
