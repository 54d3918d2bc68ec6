//! New scans, committed in groups.
//!
//! What a commit costs is a write to disk, whatever is in it. So scans that arrive while one group is
//! being committed make up the next, as the embedded store's writer does: the rate is that of rows,
//! not of commits, and a scan that comes alone waits for nobody.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::PgInterval;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::columns::{interval, text};
use super::session::Session;
use super::statements::statements;
use crate::error::Result;
use crate::jobs::image_message;
use crate::{NewScan, StoreError, StoreSettings};

/// Scans of one group at most, which bounds how long the first of them waits.
const MAX_GROUP: usize = 512;
/// Scans that wait at most; then callers wait before they are let in.
const MAX_WAITING: usize = 2048;

statements! {
    CREATE = "WITH asked AS MATERIALIZED (
                  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],
                                       $6::text[], $7::text[], $8::text[], $9::bytea[])
                      WITH ORDINALITY AS asked (id, tenant_id, reference, platform, lane,
                          idempotency_key, traceparent, stage, payload, place)
              ), created AS (
                  INSERT INTO scans (id, tenant_id, reference, platform, lane, state,
                      idempotency_key, traceparent, requests, due_at, created_at)
                  SELECT id, tenant_id, reference, platform, lane, 'queued', idempotency_key,
                         traceparent, 1, now() + $10, now()
                  FROM asked ORDER BY place
                  ON CONFLICT DO NOTHING
                  RETURNING id, created_at
              ), messages AS (
                  INSERT INTO outbox (id, lane, stage, payload, traceparent)
                  SELECT created.id::text, lane, stage, payload, traceparent
                  FROM asked JOIN created ON created.id = asked.id
                  ORDER BY place
                  ON CONFLICT (id) DO NOTHING
              )
              SELECT id, created_at FROM created";
}

/// Hands scans to the task that creates them. The task ends with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Creator {
    requests: mpsc::Sender<Request>,
}

#[derive(Debug)]
struct Request {
    scan: NewScan,
    answer: oneshot::Sender<Result<Option<DateTime<Utc>>>>,
}

impl Creator {
    pub(super) fn start(session: Session, settings: StoreSettings) -> Self {
        let (requests, mut waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(MAX_GROUP);
            while waiting.recv_many(&mut group, MAX_GROUP).await > 0 {
                create_group(&session, &settings, &mut group).await;
            }
        });
        Self { requests }
    }

    /// When the scan was created; `None` when its id or idempotency key is in use already. It is
    /// created even if the caller goes away.
    pub(super) async fn create(&self, scan: NewScan) -> Result<Option<DateTime<Utc>>> {
        let closed = || StoreError::Unavailable("the store is closed".into());
        let (answer, outcome) = oneshot::channel();
        let request = Request { scan, answer };
        self.requests.send(request).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }
}

/// A scan that Postgres refuses takes nothing with it: then each is created by itself.
async fn create_group(session: &Session, settings: &StoreSettings, group: &mut Vec<Request>) {
    // Everybody waits for keys in the same order, so nobody waits in a circle.
    group.sort_by(|a, b| key_of(&a.scan).cmp(&key_of(&b.scan)));
    let scans: Vec<&NewScan> = group.iter().map(|request| &request.scan).collect();
    match create_scans(session, settings, &scans).await {
        Ok(mut created) => {
            for request in group.drain(..) {
                // Of two with the same id the first is the one that was created.
                let created = created.remove(&request.scan.id.0);
                answer(request.answer, Ok(created));
            }
        }
        Err(StoreError::Refused(_)) if group.len() > 1 => {
            for request in group.drain(..) {
                let created = create_scans(session, settings, &[&request.scan]).await;
                let created = created.map(|mut created| created.remove(&request.scan.id.0));
                answer(request.answer, created);
            }
        }
        Err(error) => {
            let text = error.to_string();
            let mut first = Some(error);
            for request in group.drain(..) {
                let error = first
                    .take()
                    .unwrap_or_else(|| StoreError::Unavailable(text.clone().into()));
                answer(request.answer, Err(error));
            }
        }
    }
}

/// A caller that went away needs no answer.
fn answer(
    to: oneshot::Sender<Result<Option<DateTime<Utc>>>>,
    outcome: Result<Option<DateTime<Utc>>>,
) {
    let _ = to.send(outcome);
}

fn key_of(scan: &NewScan) -> (Option<(Uuid, &str)>, Uuid) {
    let key = scan.idempotency_key.as_deref();
    (key.map(|key| (scan.tenant.0, key)), scan.id.0)
}

async fn create_scans(
    session: &Session,
    settings: &StoreSettings,
    scans: &[&NewScan],
) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    let columns = &ScanColumns::new(scans);
    let lost_after = interval(settings.lost_after);
    let rows = session
        .run(move |c, _| Box::pin(async move { columns.insert(c, lost_after).await }))
        .await?;
    Ok(rows.into_iter().collect())
}

/// Scans and the messages of their image jobs, as parameters of arrays.
struct ScanColumns {
    ids: Vec<Uuid>,
    tenants: Vec<Uuid>,
    references: Vec<String>,
    platforms: Vec<Option<String>>,
    lanes: Vec<&'static str>,
    idempotency_keys: Vec<Option<String>>,
    traceparents: Vec<Option<String>>,
    stages: Vec<&'static str>,
    payloads: Vec<Vec<u8>>,
}

impl ScanColumns {
    fn new(scans: &[&NewScan]) -> Self {
        let optional = |read: fn(&NewScan) -> &Option<String>| {
            let texts = scans.iter().map(|scan| read(scan).as_deref().map(text));
            texts.collect()
        };
        let messages = scans
            .iter()
            .map(|scan| image_message(scan.id.0, scan.lane, 1, None));
        let (stages, payloads) = messages
            .map(|message| (message.stage.name(), message.payload))
            .unzip();
        Self {
            ids: scans.iter().map(|scan| scan.id.0).collect(),
            tenants: scans.iter().map(|scan| scan.tenant.0).collect(),
            references: scans.iter().map(|scan| text(&scan.reference)).collect(),
            platforms: optional(|scan| &scan.platform),
            lanes: scans.iter().map(|scan| scan.lane.name()).collect(),
            idempotency_keys: optional(|scan| &scan.idempotency_key),
            traceparents: optional(|scan| &scan.traceparent),
            stages,
            payloads,
        }
    }

    /// When each was created, of those that are new.
    async fn insert(
        &self,
        c: &mut PgConnection,
        lost_after: PgInterval,
    ) -> Result<Vec<(Uuid, DateTime<Utc>)>> {
        Ok(sqlx::query_as(CREATE)
            .bind(&self.ids)
            .bind(&self.tenants)
            .bind(&self.references)
            .bind(&self.platforms)
            .bind(&self.lanes)
            .bind(&self.idempotency_keys)
            .bind(&self.traceparents)
            .bind(&self.stages)
            .bind(&self.payloads)
            .bind(lost_after)
            .fetch_all(c)
            .await?)
    }
}
