//! How likely vulnerabilities are to be exploited (EPSS), kept beside findings so that questions can
//! be bounded by it.

use async_trait::async_trait;

use crate::error::Result;

/// Exploit predictions.
#[async_trait]
pub trait Predictions: Send + Sync + 'static {
    /// Ids under which findings are known, after one, in the store's order, at most `limit`.
    async fn vulnerability_ids(&self, after: &str, limit: u32) -> Result<Vec<String>>;

    /// Keeps the probability of each vulnerability, 0 to 1, or that nobody predicts it; how many
    /// were different before.
    async fn save_predictions(&self, predictions: &[(String, Option<f64>)]) -> Result<u64>;
}
