//! Work that was lost: leases that expired, jobs that never came.
//!
//! Each step is a transaction of its own, bounded, and passes over rows that somebody works on. A
//! step that is cut off begins again with what is left at the next call.

use scanyard_package::Digest;
use uuid::Uuid;

use super::columns::{interval, read_digest};
use super::finish::{self, ImageRequest};
use super::layers::{LayerRequest, request_layer_jobs};
use super::session::Session;
use super::statements::statements;
use crate::StoreSettings;
use crate::error::Result;
use crate::jobs::{layer_abandoned, scan_abandoned};

/// Rows of one step at most.
const LIMIT: i64 = 1000;

statements! {
    GIVE_UP_LAYERS = "WITH worn AS MATERIALIZED (
            SELECT layer_id, cataloger_set FROM layer_catalogs AS catalogs
            WHERE state <> 'done' AND due_at <= now() AND tries >= $1
              AND EXISTS (SELECT 1 FROM awaited_layers AS awaited
                          WHERE awaited.layer_id = catalogs.layer_id
                            AND awaited.cataloger_set = catalogs.cataloger_set)
            LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE layer_catalogs SET state = 'failed'
        FROM worn, layers
        WHERE layer_catalogs.layer_id = worn.layer_id
          AND layer_catalogs.cataloger_set = worn.cataloger_set
          AND layers.id = worn.layer_id
        RETURNING layers.digest, layer_catalogs.cataloger_set";
    WORN_SCANS = "SELECT id FROM scans
        WHERE state IN ('queued', 'cataloging') AND due_at <= now() AND tries >= $1
        ORDER BY id LIMIT $2";
    REQUEST_LAYERS = "WITH lost AS MATERIALIZED (
            SELECT layer_id, cataloger_set FROM layer_catalogs AS catalogs
            WHERE state <> 'done' AND due_at <= now()
              AND EXISTS (SELECT 1 FROM awaited_layers AS awaited
                          WHERE awaited.layer_id = catalogs.layer_id
                            AND awaited.cataloger_set = catalogs.cataloger_set)
            LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE layer_catalogs SET state = 'wanted', requests = requests + 1,
            due_at = now() + $1::interval * power(2, least(requests, 6))
        FROM lost
        WHERE layer_catalogs.layer_id = lost.layer_id
          AND layer_catalogs.cataloger_set = lost.cataloger_set
        RETURNING layer_catalogs.layer_id, layer_catalogs.cataloger_set, lane, requests";
    /// Queued scans that nobody took up, and scans whose layers are all done and that nobody ended.
    /// Those that wait for a layer are in that layer's hands.
    REQUEST_SCANS = "WITH lost AS MATERIALIZED (
            SELECT id FROM scans
            WHERE state IN ('queued', 'cataloging') AND due_at <= now()
              AND NOT EXISTS (
                  SELECT 1 FROM awaited_layers
                  JOIN layer_catalogs USING (layer_id, cataloger_set)
                  WHERE awaited_layers.scan_id = scans.id AND layer_catalogs.state <> 'done')
            LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE scans SET requests = requests + 1, tries = tries + 1,
            due_at = now() + $1::interval * power(2, least(tries + 1, 6))
        FROM lost WHERE scans.id = lost.id
        RETURNING scans.id, lane, requests, traceparent";
}

pub(super) async fn reap(session: &Session, settings: &StoreSettings) -> Result<u64> {
    give_up_layers(session, settings).await?;
    give_up_scans(session, settings).await?;
    let lost_after = interval(settings.lost_after);
    let layers = session
        .transaction(move |c, _| {
            Box::pin(async move {
                let requests: Vec<LayerRequest> = sqlx::query_as(REQUEST_LAYERS)
                    .bind(lost_after)
                    .bind(LIMIT)
                    .fetch_all(&mut *c)
                    .await?;
                request_layer_jobs(c, requests).await
            })
        })
        .await?;
    let scans = session
        .transaction(move |c, _| {
            Box::pin(async move {
                let requests: Vec<ImageRequest> = sqlx::query_as(REQUEST_SCANS)
                    .bind(lost_after)
                    .bind(LIMIT)
                    .fetch_all(&mut *c)
                    .await?;
                finish::request_image_jobs(c, requests).await
            })
        })
        .await?;
    Ok(layers + scans.len() as u64)
}

/// A layer that is marked and whose scans did not end yet is found again: they still wait for it.
async fn give_up_layers(session: &Session, settings: &StoreSettings) -> Result<()> {
    let given_up: Vec<(Vec<u8>, String)> = session
        .run(move |c, _| {
            Box::pin(async move {
                Ok(sqlx::query_as(GIVE_UP_LAYERS)
                    .bind(i64::from(settings.max_tries))
                    .bind(LIMIT)
                    .fetch_all(c)
                    .await?)
            })
        })
        .await?;
    for (digest, cataloger_set) in given_up {
        let layer: Digest = read_digest(&digest)?;
        let cataloger_set = &cataloger_set;
        session
            .transaction(move |c, _| {
                Box::pin(async move {
                    let failure = layer_abandoned(layer);
                    finish::fail_scans_of_layer(c, layer, cataloger_set, &failure).await
                })
            })
            .await?;
    }
    Ok(())
}

async fn give_up_scans(session: &Session, settings: &StoreSettings) -> Result<()> {
    session
        .transaction(move |c, _| {
            Box::pin(async move {
                let ids: Vec<Uuid> = sqlx::query_scalar(WORN_SCANS)
                    .bind(i64::from(settings.max_tries))
                    .bind(LIMIT)
                    .fetch_all(&mut *c)
                    .await?;
                finish::fail_scans(c, &ids, &scan_abandoned()).await?;
                Ok(())
            })
        })
        .await
}
