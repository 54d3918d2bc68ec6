//! Keeps the gauges of bulk work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::gauge;
use scanyard_store::Store;
use scanyard_telemetry::name;

use crate::{Reconciler, Round};

/// Looks at how much bulk work there is.
pub struct BulkDepth {
    pub store: Arc<dyn Store>,
    pub interval: Duration,
}

#[async_trait]
impl Reconciler for BulkDepth {
    fn name(&self) -> &'static str {
        "bulk_depth"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn reconcile(&self) -> anyhow::Result<Round> {
        let depth = self.store.bulk_depth().await?;
        let bulks = [
            ("receiving", depth.receiving),
            ("running", depth.running),
            ("paused", depth.paused),
        ];
        for (state, count) in bulks {
            gauge!(name::BULKS, "state" => state).set(count as f64);
        }
        let counts = depth.counts;
        let items = [
            ("waiting", counts.waiting()),
            ("open", counts.open()),
            ("done", counts.done),
            ("failed", counts.failed),
            ("cancelled", counts.cancelled),
        ];
        for (state, count) in items {
            gauge!(name::BULK_ITEMS, "state" => state).set(count as f64);
        }
        Ok(Round::Idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcilers::bulk_feed::BulkFeed;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use scanyard_store::{
        BulkId, BulkReference, BulkSource, Bulks, NewBulk, Rejections, ScanFailure, Scans,
        SqliteStore, TenantId,
    };
    use uuid::Uuid;

    async fn bulk_of(store: &SqliteStore, references: &[&str]) {
        let id = BulkId(Uuid::now_v7());
        let new = NewBulk {
            id,
            tenant: TenantId::DEFAULT,
            source: BulkSource::Upload,
            platform: None,
            idempotency_key: None,
            traceparent: None,
        };
        store.create_bulk(&new).await.unwrap();
        let reference = |text: &&str| BulkReference {
            reference: (*text).to_owned(),
            platform: None,
        };
        let references: Vec<_> = references.iter().map(reference).collect();
        store.append_references(id, &references).await.unwrap();
        store.end_upload(id, &Rejections::default()).await.unwrap();
    }

    #[tokio::test]
    async fn metrics_tell_where_the_items_of_bulks_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("scanyard.db");
        let store = SqliteStore::open(&path).await.unwrap();
        bulk_of(&store, &["app:1", "app:2", "app:3"]).await;
        let recorder = PrometheusBuilder::new().build_recorder();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let shared = Arc::new(store.clone());
        let feed = BulkFeed {
            store: shared.clone(),
            window: 2,
            interval: Duration::ZERO,
            gather: Duration::ZERO,
        };
        feed.reconcile().await.unwrap();
        let messages = scanyard_store::Outbox::pending_messages(&store, 1).await;
        let scan = scanyard_store::ScanId(messages.unwrap()[0].id.parse().unwrap());
        let failure = ScanFailure {
            code: "image_not_found".to_owned(),
            message: String::new(),
            remedy: String::new(),
            retryable: false,
        };
        store.fail_scan(scan, &failure).await.unwrap();
        feed.reconcile().await.unwrap();
        let depth = BulkDepth {
            store: shared,
            interval: Duration::ZERO,
        };
        depth.reconcile().await.unwrap();
        let text = recorder.handle().render();
        let expected = [
            r#"scanyard_bulks{state="running"} 1"#,
            r#"scanyard_bulk_items{state="waiting"} 0"#,
            r#"scanyard_bulk_items{state="open"} 2"#,
            r#"scanyard_bulk_items{state="failed"} 1"#,
            r#"scanyard_bulk_items_moved_total{to="fed"} 3"#,
            r#"scanyard_bulk_items_moved_total{to="failed"} 1"#,
        ];
        for line in expected {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
    }
}
