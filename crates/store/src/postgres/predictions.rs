//! How likely vulnerabilities are to be exploited.

use async_trait::async_trait;

use super::PostgresStore;
use super::statements::statements;
use crate::Predictions;
use crate::error::Result;

statements! {
    IDS = "SELECT DISTINCT vulnerability FROM finding_ids WHERE vulnerability > $1
        ORDER BY vulnerability LIMIT $2";
    /// Rows that say so already are not written.
    SAVE = "INSERT INTO exploit_predictions AS known (vulnerability, probability)
        SELECT vulnerability, probability FROM unnest($1::text[], $2::double precision[])
            AS said (vulnerability, probability)
        WHERE probability IS NOT NULL ORDER BY vulnerability
        ON CONFLICT (vulnerability) DO UPDATE SET probability = excluded.probability
        WHERE known.probability <> excluded.probability";
    FORGET = "DELETE FROM exploit_predictions USING unnest($1::text[], $2::double precision[])
            AS said (vulnerability, probability)
        WHERE exploit_predictions.vulnerability = said.vulnerability
          AND said.probability IS NULL";
}

#[async_trait]
impl Predictions for PostgresStore {
    async fn vulnerability_ids(&self, after: &str, limit: u32) -> Result<Vec<String>> {
        self.session
            .run(move |c, _| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(IDS)
                        .bind(after)
                        .bind(i64::from(limit))
                        .fetch_all(c)
                        .await?)
                })
            })
            .await
    }

    async fn save_predictions(&self, predictions: &[(String, Option<f64>)]) -> Result<u64> {
        let (ids, probabilities): (Vec<String>, Vec<Option<f64>>) =
            predictions.iter().cloned().unzip();
        let (ids, probabilities) = (&ids, &probabilities);
        self.session
            .transaction(move |c, _| {
                Box::pin(async move {
                    let mut different = 0;
                    for statement in [SAVE, FORGET] {
                        let done = sqlx::query(statement)
                            .bind(ids)
                            .bind(probabilities)
                            .execute(&mut *c)
                            .await?;
                        different += done.rows_affected();
                    }
                    Ok(different)
                })
            })
            .await
    }
}
