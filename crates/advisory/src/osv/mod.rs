//! Reads documents in the OSV schema.

mod affected;
mod document;
mod rating;

pub(crate) use rating::{named as severity_of_word, of_vectors as rate};

use chrono::{DateTime, Utc};

use crate::record::Record;
use document::Document;

/// Characters that are kept of a summary.
const SUMMARY: usize = 300;

/// Why a document is not a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("it has no id")]
    NoId,
    #[error("{field} is no RFC 3339 time: {text:?}")]
    Time { field: &'static str, text: String },
}

/// Reads a document. Fields and events that are not known are passed over.
pub(crate) fn read(json: &[u8]) -> Result<Record, Unreadable> {
    let document: Document<'_> = serde_json::from_slice(json)?;
    if document.id.is_empty() {
        return Err(Unreadable::NoId);
    }
    let mut record = Record {
        modified: time("modified", &document.modified)?,
        // A broken date of publication is no reason to lose the record.
        published: document
            .published
            .as_deref()
            .and_then(|text| time("published", text).ok()),
        withdrawn: match &document.withdrawn {
            Some(text) => Some(time("withdrawn", text)?),
            None => None,
        },
        summary: document.summary.trim().chars().take(SUMMARY).collect(),
        source: affected::source(&document),
        feed: String::new(),
        rating: rating::of_document(&document),
        affected: affected::of_document(&document),
        id: document.id,
        aliases: document.aliases,
        upstream: document.upstream,
        related: document.related,
    };
    rating::settle(&mut record);
    Ok(record)
}

fn time(field: &'static str, text: &str) -> Result<DateTime<Utc>, Unreadable> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(time.to_utc()),
        Err(_) => Err(Unreadable::Time {
            field,
            text: text.chars().take(40).collect(),
        }),
    }
}

#[cfg(test)]
mod tests;
