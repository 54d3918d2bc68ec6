//! Lists in the form that was asked for: a page as JSON, or everything as CSV or NDJSON.
//!
//! What is exported is read a page at a time and sent before the next is read, so that its length
//! costs no memory. Such an answer takes one of the places for requests that wait.

use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use scanyard_store::{Page, PageRequest};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use crate::middleware::{overloaded, take};
use crate::problem::Problem;
use crate::state::Gateway;

/// Items that are read at once.
const PAGE: u32 = 500;

/// The forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListFormat {
    /// A page.
    Json,
    /// Everything, with a line of names first.
    Csv,
    /// Everything, a JSON object a line.
    Ndjson,
}

impl ListFormat {
    /// What was asked for by the parameter, or else by `Accept`.
    pub fn choose(asked: Option<Self>, headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        asked.unwrap_or_else(|| {
            let accept = accept.unwrap_or_default();
            let first = accept.split([',', ';']).next().unwrap_or_default().trim();
            match first {
                "text/csv" => ListFormat::Csv,
                "application/x-ndjson" | "application/ndjson" => ListFormat::Ndjson,
                _ => ListFormat::Json,
            }
        })
    }

    fn media_type(self) -> &'static str {
        match self {
            ListFormat::Json => "application/json",
            ListFormat::Csv => "text/csv; charset=utf-8",
            ListFormat::Ndjson => "application/x-ndjson",
        }
    }
}

/// An item as a line of a table.
pub trait Row: Serialize {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The columns' values, in that order.
    fn values(&self) -> Vec<String>;
}

type Reading<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Problem>> + Send>>;

/// Everything that pages hold, as CSV or NDJSON. A failure before the first line is a problem; a
/// later one cuts the answer, so that nobody takes it for the whole.
pub async fn export<T, F>(
    gateway: &Gateway,
    format: ListFormat,
    cursor: Option<String>,
    read: F,
) -> Result<Response, Problem>
where
    T: Row + Send + 'static,
    F: Fn(PageRequest) -> Reading<T> + Send + Sync + 'static,
{
    let place = take(gateway.waiting()).ok_or_else(overloaded)?;
    let limit = PAGE;
    let first = read(PageRequest { cursor, limit }).await?;
    let mut header = String::new();
    if format == ListFormat::Csv {
        write_line(&mut header, T::COLUMNS.iter().copied());
    }
    let state = Export {
        _place: place,
        read,
        format,
        page: Some(first),
        begun: Some(header),
    };
    let body = Body::from_stream(stream::try_unfold(state, Export::next));
    Ok(([(CONTENT_TYPE, format.media_type())], body).into_response())
}

struct Export<T, F> {
    _place: OwnedSemaphorePermit,
    read: F,
    format: ListFormat,
    page: Option<Page<T>>,
    begun: Option<String>,
}

/// Why an answer was cut.
#[derive(Debug, thiserror::Error)]
#[error("the rest could not be read")]
struct Cut;

impl<T, F> Export<T, F>
where
    T: Row + Send + 'static,
    F: Fn(PageRequest) -> Reading<T> + Send + Sync + 'static,
{
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Cut> {
        let Some(page) = self.page.take() else {
            return Ok(None);
        };
        let mut text = self.begun.take().unwrap_or_default();
        for item in &page.items {
            self.write(&mut text, item)?;
        }
        if let Some(cursor) = page.next {
            let following = (self.read)(PageRequest {
                cursor: Some(cursor),
                limit: PAGE,
            });
            let following = following.await.map_err(|problem| {
                tracing::warn!(?problem, "export cut");
                Cut
            })?;
            self.page = Some(following);
        }
        Ok(Some((Bytes::from(text), self)))
    }

    fn write(&self, text: &mut String, item: &T) -> Result<(), Cut> {
        if self.format == ListFormat::Csv {
            let values = item.values();
            write_line(text, values.iter().map(String::as_str));
        } else {
            text.push_str(&serde_json::to_string(item).map_err(|_| Cut)?);
            text.push('\n');
        }
        Ok(())
    }
}

/// A line of RFC 4180.
fn write_line<'a>(text: &mut String, values: impl Iterator<Item = &'a str>) {
    for (place, value) in values.enumerate() {
        if place > 0 {
            text.push(',');
        }
        if value.contains([',', '"', '\r', '\n']) {
            let _ = write!(text, "\"{}\"", value.replace('"', "\"\""));
        } else {
            text.push_str(value);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_must_be() {
        let mut line = String::new();
        write_line(&mut line, ["a", "b,c", "d\"e", "", "f\ng"].into_iter());
        assert_eq!(line, "a,\"b,c\",\"d\"\"e\",,\"f\ng\"\r\n");
    }
}
