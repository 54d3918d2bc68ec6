//! A body piece by piece, bounded in size and in how long its client may be silent.

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::StreamExt;

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

/// What is left of a body.
pub struct Chunks<'a> {
    gateway: &'a Gateway,
    body: BodyDataStream,
    received: u64,
}

impl<'a> Chunks<'a> {
    pub fn new(gateway: &'a Gateway, body: Body) -> Self {
        Self {
            gateway,
            body: body.into_data_stream(),
            received: 0,
        }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let settings = self.gateway.settings();
        let idle = settings.upload_idle;
        let next = tokio::select! {
            next = tokio::time::timeout(idle, self.body.next()) => next,
            () = self.gateway.shutdown().cancelled() => {
                return Err(Problem::new(Code::Overloaded, "This gateway is stopping."));
            }
        };
        let chunk = match next {
            Err(_) => {
                return Err(Problem::new(
                    Code::Timeout,
                    format!("Nothing arrived within {} s.", idle.as_secs()),
                ));
            }
            Ok(None) => return Ok(None),
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => {
                return Err(
                    Problem::new(Code::InvalidBody, "The body ended early.").caused_by(error)
                );
            }
        };
        self.received += chunk.len() as u64;
        if self.received > settings.max_upload_bytes {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!(
                    "The body is larger than {} bytes.",
                    settings.max_upload_bytes
                ),
            ));
        }
        Ok(Some(chunk))
    }

    /// Reads to the end and keeps nothing.
    pub async fn pass_over(&mut self) -> Result<(), Problem> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}
