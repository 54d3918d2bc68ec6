//! What both adapters share in reading changes: bounds, cursors, patterns, rows.

use chrono::{DateTime, Utc};
use scanyard_package::Severity;

use crate::error::Result;
use crate::stored_finding::decode_finding;
use crate::words::read_word;
use crate::{
    Change, ChangeFilter, ChangeId, ChangeKind, HistoryEntry, ImageEvent, Page, PageRequest,
    StoreError,
};

/// Changes that one page looks at, whomever they concern.
pub(crate) const WINDOW: i64 = 2000;
/// Images that are counted of each change of a list.
pub(crate) const COUNTED_IMAGES: i64 = 1000;

/// A change as its row has it.
pub(crate) struct ChangeColumns {
    pub(crate) sequence: i64,
    pub(crate) revision: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) purl: String,
    pub(crate) vulnerability: String,
    pub(crate) kind: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl ChangeColumns {
    pub(crate) fn read(self) -> Result<Change> {
        let finding = |content: Option<String>| {
            let content = content.as_deref();
            content.map(decode_finding).transpose()
        };
        Ok(Change {
            id: ChangeId(self.sequence),
            revision: self.revision,
            at: self.at,
            package: self.purl,
            vulnerability: self.vulnerability,
            kind: read_word(&self.kind, str::parse)?,
            before: finding(self.before)?,
            after: finding(self.after)?,
        })
    }
}

/// The words of the kinds that a filter lets through.
pub(crate) fn kinds_of(filter: &ChangeFilter) -> Vec<&'static str> {
    let kinds = match filter.kinds.is_empty() {
        true => ChangeKind::ALL.as_slice(),
        false => &filter.kinds,
    };
    kinds.iter().map(|kind| kind.name()).collect()
}

/// The words of the severities that a filter lets through.
pub(crate) fn severities_of(filter: &ChangeFilter) -> Vec<&'static str> {
    let least = filter.min_severity.unwrap_or(Severity::Unknown);
    Severity::WORST_FIRST
        .iter()
        .filter(|severity| **severity >= least)
        .map(|severity| severity.name())
        .collect()
}

/// The change that a page begins after.
pub(crate) fn read_change_cursor(page: &PageRequest) -> Result<i64> {
    match &page.cursor {
        None => Ok(0),
        Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor),
    }
}

/// Where a history goes on: entries older than both. The two kinds of entries are read apart and
/// merged, so each has a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HistoryCursor {
    /// Time, rank and id of the last entry that is no change.
    pub(crate) entry: (i64, i64, i64),
    /// The last change.
    pub(crate) change: i64,
}

/// Later than anything happened.
const LAST: i64 = 250_000_000_000_000_000;

impl HistoryCursor {
    pub(crate) fn read(page: &PageRequest) -> Result<Self> {
        let Some(cursor) = &page.cursor else {
            return Ok(Self {
                entry: (LAST, i64::MAX, i64::MAX),
                change: i64::MAX,
            });
        };
        let numbers: Vec<i64> = cursor
            .split('.')
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| StoreError::InvalidCursor)?;
        match numbers[..] {
            [at, rank, id, change] if (0..=LAST).contains(&at) => Ok(Self {
                entry: (at, rank, id),
                change,
            }),
            _ => Err(StoreError::InvalidCursor),
        }
    }

    fn write(self) -> String {
        let (at, rank, id) = self.entry;
        format!("{at}.{rank}.{id}.{}", self.change)
    }
}

/// An entry that is no change, and its place among those of the same time.
pub(crate) struct PlacedEntry {
    pub(crate) entry: HistoryEntry,
    pub(crate) rank: i64,
    pub(crate) id: i64,
}

/// One page out of two lists, each the newest first and one longer than the page where it has more.
pub(crate) fn merge_history(
    entries: Vec<PlacedEntry>,
    changes: Vec<Change>,
    mut cursor: HistoryCursor,
    limit: u32,
) -> Page<HistoryEntry> {
    let (mut entries, mut changes) = (
        entries.into_iter().peekable(),
        changes.into_iter().peekable(),
    );
    let mut items = Vec::new();
    while items.len() < limit as usize {
        let change_is_next = match (entries.peek(), changes.peek()) {
            (Some(placed), Some(change)) => change.at >= placed.entry.at,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if change_is_next && let Some(change) = changes.next() {
            cursor.change = change.id.0;
            items.push(HistoryEntry {
                at: change.at,
                what: ImageEvent::Finding(Box::new(change)),
            });
        } else if let Some(placed) = entries.next() {
            cursor.entry = (placed.entry.at.timestamp_micros(), placed.rank, placed.id);
            items.push(placed.entry);
        } else {
            break;
        }
    }
    let more = entries.peek().is_some() || changes.peek().is_some();
    Page {
        items,
        next: more.then(|| cursor.write()),
    }
}

/// A pattern in which `*` stands for anything, as `LIKE` takes it.
pub(crate) fn like_pattern(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            c => like.push(c),
        }
    }
    like
}

/// The same as SQLite's `GLOB` takes it.
pub(crate) fn glob_pattern(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '?' | '[' => glob.extend(['[', c, ']']),
            c => glob.push(c),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_star_of_a_pattern_is_special() {
        assert_eq!(like_pattern("a_b%/*\\"), "a\\_b\\%/%\\\\");
        assert_eq!(glob_pattern("a?[b]/*"), "a[?][[]b]/*");
    }

    #[test]
    fn a_cursor_of_a_history_reads_back_and_others_are_refused() {
        let page = |cursor: &str| PageRequest {
            cursor: Some(cursor.to_owned()),
            limit: 1,
        };
        let cursor = HistoryCursor::read(&page("5.1.-3.9")).unwrap();
        assert_eq!(cursor.write(), "5.1.-3.9");
        for wrong in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "a.1.1.1",
            "-1.1.1.1",
            "9223372036854775807.1.1.1",
        ] {
            let read = HistoryCursor::read(&page(wrong));
            assert!(matches!(read, Err(StoreError::InvalidCursor)), "{wrong}");
        }
    }
}
