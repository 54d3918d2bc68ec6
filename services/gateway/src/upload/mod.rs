//! References as they stream in: read line by line, stored batch by batch. However many there are,
//! one batch of them is in memory.

mod chunks;
mod item;
mod lines;
mod outdated;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use scanyard_store::{
    Appended, Bulk, BulkChange, BulkId, BulkReference, BulkState, CreatedBulk, NewBulk,
    RejectedPlace, Rejection, Rejections, TenantId,
};

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::routes::key_reused;
use crate::state::Gateway;
use chunks::Chunks;
use item::ItemReader;
use lines::{Line, Lines};

pub use outdated::collect_outdated;

/// Where uploads go.
pub const PATH: &str = "/v1/bulk";
/// References that are stored in one transaction.
const BATCH: usize = 1000;

/// Whether the request sends references. It may take as long as there are any.
pub fn is_upload(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    request.method() == Method::POST
        && path.is_some_and(|path| path.as_str() == PATH)
        && is_ndjson(request.headers())
}

/// Whether the body is lines.
pub fn is_ndjson(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| {
        ["application/x-ndjson", "application/ndjson", "text/plain"]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    })
}

/// Stores every reference of the body as a new bulk. One that breaks off is cancelled whole. Of one
/// that is there already, the body is read past, so that a client that sends before it listens hears
/// the answer.
pub async fn receive(gateway: &Gateway, bulk: &NewBulk, body: Body) -> Result<Bulk, Problem> {
    match gateway.store().create_bulk(bulk).await? {
        CreatedBulk::New(_) => {}
        CreatedBulk::Existing(known) if known.state == BulkState::Receiving => {
            return Err(Problem::new(
                Code::BulkStateConflict,
                "The bulk of this Idempotency-Key is still receiving its references.",
            ));
        }
        CreatedBulk::Existing(known) => {
            Chunks::new(gateway, body).pass_over().await?;
            return Ok(known);
        }
        CreatedBulk::Conflict(id) => return Err(key_reused(id)),
    }
    let unfinished = Unfinished {
        gateway: gateway.clone(),
        tenant: bulk.tenant,
        id: bulk.id,
        is_finished: false,
    };
    let mut upload = Upload {
        gateway,
        id: bulk.id,
        reader: ItemReader {
            platform: bulk.platform.clone(),
            allow_local: gateway.allows_local_sources(),
        },
        batch: Vec::with_capacity(BATCH),
        line: 0,
        rejections: Rejections::default(),
    };
    upload.read(body).await?;
    let received = gateway
        .store()
        .end_upload(bulk.id, &upload.rejections)
        .await?;
    unfinished.finish();
    received.ok_or_else(closed)
}

struct Upload<'a> {
    gateway: &'a Gateway,
    id: BulkId,
    reader: ItemReader,
    batch: Vec<BulkReference>,
    line: u64,
    rejections: Rejections,
}

impl Upload<'_> {
    async fn read(&mut self, body: Body) -> Result<(), Problem> {
        let mut lines = Lines::new(self.gateway.settings().max_line_bytes);
        let mut chunks = Chunks::new(self.gateway, body);
        while let Some(chunk) = chunks.next().await? {
            let mut rest = chunk.as_ref();
            while !rest.is_empty() {
                if let Some(line) = lines.next(&mut rest) {
                    self.take(line).await?;
                }
            }
        }
        if let Some(line) = lines.last() {
            self.take(line).await?;
        }
        self.store().await
    }

    async fn take(&mut self, line: Line) -> Result<(), Problem> {
        self.line += 1;
        let item = match line {
            Line::Whole(line) => self.reader.read(&line),
            Line::TooLong => {
                let limit = self.gateway.settings().max_line_bytes;
                Some(Err(format!("it is longer than {limit} bytes")))
            }
        };
        match item {
            None => {}
            Some(Ok(item)) => self.batch.push(item),
            Some(Err(reason)) => self.rejections.add(Rejection {
                place: RejectedPlace::Line(self.line),
                reason,
            }),
        }
        if self.batch.len() >= BATCH {
            self.store().await?;
        }
        Ok(())
    }

    async fn store(&mut self) -> Result<(), Problem> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let stored = self.gateway.store().append_references(self.id, &self.batch);
        let stored = stored.await?;
        self.batch.clear();
        match stored {
            Appended::Stored { .. } => Ok(()),
            Appended::Closed => Err(closed()),
        }
    }
}

fn closed() -> Problem {
    Problem::new(
        Code::BulkStateConflict,
        "The bulk was cancelled while its references came in.",
    )
}

/// Cancels a bulk whose references did not all come, also when the client goes away and with it
/// whatever was being done for it.
struct Unfinished {
    gateway: Gateway,
    tenant: TenantId,
    id: BulkId,
    is_finished: bool,
}

impl Unfinished {
    fn finish(mut self) {
        self.is_finished = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let (gateway, tenant, id) = (self.gateway.clone(), self.tenant, self.id);
        tokio::spawn(async move {
            let cancelled = gateway.store().change_bulk(tenant, id, BulkChange::Cancel);
            // Where this fails, too, the scheduler finds that nobody continues the upload.
            if let Err(error) = cancelled.await {
                tracing::warn!(bulk_id = %id.0, %error, "an upload that broke off is not cancelled yet");
            }
        });
    }
}
