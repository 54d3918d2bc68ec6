//! A fleet as rows of the store's tables, the same for both adapters.
//!
//! Ids are places in the fleet's lists, from 1. The rows are those that a scan of each image leaves
//! behind while there are no advisories.

mod content;
mod images;
mod tenants;

use uuid::Uuid;

use super::Fleet;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    /// Microseconds since 1970.
    Time(i64),
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&scanyard_package::Digest> for Cell {
    fn from(digest: &scanyard_package::Digest) -> Self {
        Self::Bytes(digest.as_bytes().to_vec())
    }
}

/// Rows of a table.
pub(super) type Rows<'a> = Box<dyn Iterator<Item = Vec<Cell>> + Send + 'a>;

/// A table's rows, in the order of its key.
pub(super) struct Table<'a> {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// How many of the last columns only Postgres has.
    pub(super) only_postgres: usize,
    pub(super) rows: Rows<'a>,
}

impl<'a> Table<'a> {
    fn new(name: &'static str, columns: &'static [&'static str], rows: Rows<'a>) -> Self {
        Self {
            name,
            columns,
            only_postgres: 0,
            rows,
        }
    }
}

/// The place of something in the fleet as its id.
fn id(place: usize) -> Cell {
    Cell::Int(place as i64 + 1)
}

/// Every table, those that are referred to before those that refer to them.
pub(super) fn tables(fleet: &Fleet) -> Vec<Table<'_>> {
    let mut tables = content::tables(fleet);
    tables.extend(images::tables(fleet));
    tables.extend(tenants::tables(fleet));
    tables
}
