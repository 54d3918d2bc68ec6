//! SQLite: the file `rpmdb.sqlite` of rpm since 4.16. As much of the file format as it takes to
//! read one table from beginning to end.
//!
//! A table is a tree of pages. Interior pages name the pages below them, leaves hold rows, and a
//! row that is too long for its page goes on on a chain of overflow pages.

use std::borrow::Cow;

use super::damage::{Damage, Order, Pages, Visit, slice};

const MAGIC: &[u8] = b"SQLite format 3\0";
const PAGE_SIZE_AT: usize = 16;
const RESERVED_AT: usize = 20;
/// The first page begins with the file's own description.
const FILE_HEADER: usize = 100;
/// The table of tables is the tree whose root is the first page.
const SCHEMA_ROOT: usize = 1;
const TABLE: &[u8] = b"Packages";

const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

pub fn is(database: &[u8]) -> bool {
    database.starts_with(MAGIC)
}

/// Visits every package header.
pub fn read(database: &[u8], visit: Visit<'_>) -> Result<(), Damage> {
    let mut file = File::open(database)?;
    let root = file.table_root()?;
    file.walk(root, &mut |row| {
        let header = row.and_then(|row| {
            let column = columns(row)?.find(|column| !matches!(column, Ok(Value::Other)));
            match column.ok_or(Damage::Kind)?? {
                Value::Blob(header) => Ok(header),
                _ => Err(Damage::Kind),
            }
        });
        visit(header);
    });
    Ok(())
}

struct File<'a> {
    pages: Pages<'a>,
    /// Bytes of a page without those reserved for extensions at its end.
    usable: usize,
}

impl<'a> File<'a> {
    fn open(database: &'a [u8]) -> Result<Self, Damage> {
        let page_size = match Order::Big.u16(database, PAGE_SIZE_AT)? {
            1 => 65536,
            size => usize::from(size),
        };
        let reserved = slice(database, RESERVED_AT, 1)?.iter().sum::<u8>();
        let usable = page_size.saturating_sub(usize::from(reserved));
        if !page_size.is_power_of_two() || page_size < 512 || usable < 480 {
            return Err(Damage::Format);
        }
        Ok(Self {
            pages: Pages::new(database, page_size),
            usable,
        })
    }

    /// The root page of rpm's table, as the table of tables has it.
    fn table_root(&mut self) -> Result<usize, Damage> {
        let (mut root, mut damaged) = (None, None);
        self.walk(
            SCHEMA_ROOT,
            &mut |row| match row.and_then(read_schema_row) {
                Ok(found) => root = root.or(found),
                Err(damage) => damaged = Some(damage),
            },
        );
        root.ok_or(damaged.unwrap_or(Damage::NoTable))
    }

    /// Visits the rows of a table. Of a tree that is damaged, as many as can be reached.
    fn walk(&mut self, root: usize, visit: Visit<'_>) {
        let mut pending = Vec::new();
        match self.take(root) {
            Ok(page) => pending.push((root, page)),
            Err(damage) => visit(Err(damage)),
        }
        while let Some((number, page)) = pending.pop() {
            let start = if number == 1 { FILE_HEADER } else { 0 };
            if let Err(damage) = self.read_page(page, start, &mut pending, visit) {
                visit(Err(damage));
            }
        }
    }

    /// Pages are counted from one.
    fn take(&mut self, number: usize) -> Result<&'a [u8], Damage> {
        self.pages
            .take(number.checked_sub(1).ok_or(Damage::Bounds)?)
    }

    fn read_page(
        &mut self,
        page: &'a [u8],
        start: usize,
        pending: &mut Vec<(usize, &'a [u8])>,
        visit: Visit<'_>,
    ) -> Result<(), Damage> {
        let order = Order::Big;
        let cells = usize::from(order.u16(page, start + 3)?);
        let cell_at = |first: usize, cell: usize| -> Result<usize, Damage> {
            Ok(usize::from(order.u16(page, start + first + 2 * cell)?))
        };
        match page.get(start) {
            Some(&LEAF) => {
                // Cells that overlap would make a small file cost like a large one.
                let mut budget = page.len();
                for cell in 0..cells {
                    let row = cell_at(8, cell).and_then(|at| self.row(page, at, &mut budget));
                    visit(row.as_deref().map_err(|damage| *damage));
                }
            }
            Some(&INTERIOR) => {
                let last = order.size(page, start + 8);
                let others = (0..cells)
                    .rev()
                    .map(|cell| cell_at(12, cell).and_then(|at| order.size(page, at)));
                // The stack gives back the first page first.
                for child in std::iter::once(last).chain(others) {
                    match child.and_then(|child| Ok((child, self.take(child)?))) {
                        Ok(child) => pending.push(child),
                        Err(damage) => visit(Err(damage)),
                    }
                }
            }
            _ => return Err(Damage::Kind),
        }
        Ok(())
    }

    /// The row of a cell, copied where it continues on other pages.
    fn row(
        &mut self,
        page: &'a [u8],
        cell: usize,
        budget: &mut usize,
    ) -> Result<Cow<'a, [u8]>, Damage> {
        let (length, after) = varint(page, cell)?;
        let (_row_id, start) = varint(page, after)?;
        let length = usize::try_from(length).map_err(|_| Damage::Bounds)?;
        let here = self.local_length(length);
        *budget = budget.checked_sub(here).ok_or(Damage::Repeated)?;
        let local = slice(page, start, here)?;
        if here == length {
            return Ok(Cow::Borrowed(local));
        }
        let mut row = local.to_vec();
        let mut next = Order::Big.size(page, start + here)?;
        while row.len() < length {
            let page = self.take(next)?;
            let rest = (length - row.len()).min(self.usable - 4);
            row.extend(slice(page, 4, rest)?);
            next = Order::Big.size(page, 0)?;
        }
        Ok(Cow::Owned(row))
    }

    /// How much of a row of this length lies on its leaf.
    fn local_length(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let filling = least + (length - least) % (self.usable - 4);
        if filling <= most { filling } else { least }
    }
}

/// `type, name, tbl_name, rootpage, sql`: the root page, where it is that of rpm's table.
fn read_schema_row(row: &[u8]) -> Result<Option<usize>, Damage> {
    let mut columns = columns(row)?;
    let mut next = || columns.next().unwrap_or(Err(Damage::Kind));
    let (kind, name, _, root) = (next()?, next()?, next()?, next()?);
    match (kind, name, root) {
        (Value::Text(b"table"), Value::Text(TABLE), Value::Integer(root)) => {
            usize::try_from(root).map(Some).map_err(|_| Damage::Bounds)
        }
        _ => Ok(None),
    }
}

enum Value<'a> {
    /// An integer that is not negative.
    Integer(u64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
    /// Anything of which nothing here makes use, such as the null that stands for a row's number.
    Other,
}

/// The columns of a row: their types come first, then their contents.
fn columns(row: &[u8]) -> Result<impl Iterator<Item = Result<Value<'_>, Damage>>, Damage> {
    let (header, mut type_at) = varint(row, 0)?;
    let mut at = usize::try_from(header).map_err(|_| Damage::Bounds)?;
    let types = row.get(..at).ok_or(Damage::Bounds)?;
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        if ended || type_at >= types.len() {
            return None;
        }
        let value = varint(types, type_at).and_then(|(serial_type, after)| {
            type_at = after;
            let value = slice(row, at, length_of(serial_type)?)?;
            at += value.len();
            Ok(value_of(serial_type, value))
        });
        ended = value.is_err();
        Some(value)
    }))
}

fn length_of(serial_type: u64) -> Result<usize, Damage> {
    let length = match serial_type {
        0 | 8 | 9 => 0,
        1..=4 => serial_type,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return Err(Damage::Kind),
        _ => (serial_type - 12) / 2,
    };
    usize::try_from(length).map_err(|_| Damage::Bounds)
}

fn value_of(serial_type: u64, content: &[u8]) -> Value<'_> {
    match serial_type {
        1..=6 => {
            let number = content.iter();
            Value::Integer(number.fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        8 | 9 => Value::Integer(serial_type - 8),
        12.. if serial_type.is_multiple_of(2) => Value::Blob(content),
        12.. => Value::Text(content),
        _ => Value::Other,
    }
}

/// Seven bits a byte, the first bit saying that more follow; all eight bits of a ninth byte.
fn varint(bytes: &[u8], at: usize) -> Result<(u64, usize), Damage> {
    let mut number = 0;
    for (position, byte) in bytes.iter().enumerate().skip(at).take(9) {
        if position == at + 8 {
            return Ok((number << 8 | u64::from(*byte), position + 1));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((number, position + 1));
        }
    }
    Err(Damage::Bounds)
}
