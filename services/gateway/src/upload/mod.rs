//! References as they stream in: read line by line, stored batch by batch. However many there are,
//! one batch of them is in memory.

mod item;
mod lines;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use futures_util::StreamExt;
use scanyard_store::{
    Appended, Bulk, BulkChange, BulkId, BulkReference, NewBulk, RejectedPlace, Rejection,
    Rejections, TenantId,
};

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;
use item::ItemReader;
use lines::{Line, Lines};

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

/// Stores every reference of the body as a new bulk. One that breaks off is cancelled whole.
pub async fn receive(gateway: &Gateway, bulk: &NewBulk, body: Body) -> Result<Bulk, Problem> {
    gateway.store().create_bulk(bulk).await?;
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
        let settings = self.gateway.settings();
        let mut lines = Lines::new(settings.max_line_bytes);
        let mut chunks = body.into_data_stream();
        let mut received = 0u64;
        while let Some(chunk) = self.next_chunk(&mut chunks).await? {
            received += chunk.len() as u64;
            if received > settings.max_upload_bytes {
                return Err(Problem::new(
                    Code::BodyTooLarge,
                    format!(
                        "The body is larger than {} bytes.",
                        settings.max_upload_bytes
                    ),
                ));
            }
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

    /// The next piece of the body, for which a client has as long as it may be silent.
    async fn next_chunk(
        &self,
        chunks: &mut axum::body::BodyDataStream,
    ) -> Result<Option<Bytes>, Problem> {
        let idle = self.gateway.settings().upload_idle;
        let next = async {
            tokio::select! {
                next = tokio::time::timeout(idle, chunks.next()) => Some(next),
                () = self.gateway.shutdown().cancelled() => None,
            }
        };
        match next.await {
            None => Err(Problem::new(Code::Overloaded, "This gateway is stopping.")),
            Some(Err(_)) => Err(Problem::new(
                Code::Timeout,
                format!("Nothing arrived within {} s.", idle.as_secs()),
            )),
            Some(Ok(None)) => Ok(None),
            Some(Ok(Some(Ok(chunk)))) => Ok(Some(chunk)),
            Some(Ok(Some(Err(error)))) => {
                Err(Problem::new(Code::InvalidBody, "The body ended early.").caused_by(error))
            }
        }
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
