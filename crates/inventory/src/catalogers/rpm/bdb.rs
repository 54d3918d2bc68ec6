//! Berkeley DB: the hash file `Packages` of rpm until 4.15.
//!
//! Page 0 describes the file. Hash pages hold keys and values in pairs, in whatever bucket; a value
//! that is too long for its page, as nearly every header is, lies on a chain of overflow pages. All
//! hash pages are read in file order, since the buckets are of no interest here.

use super::damage::{Damage, Order, Pages, Visit, slice};

const MAGIC: u32 = 0x0006_1561;
const MAGIC_AT: usize = 12;
const PAGE_SIZE_AT: usize = 20;
const ENCRYPTION_AT: usize = 24;

/// Where a page's own description ends and its items begin.
const PAGE_HEADER: usize = 26;
const NEXT_PAGE_AT: usize = 16;
const ENTRIES_AT: usize = 20;
const OVERFLOW_LENGTH_AT: usize = 22;
const KIND_AT: usize = 25;

const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;

/// An item that lies on its page.
const INLINE: u8 = 1;
/// An item that lies on a chain of overflow pages.
const OFF_PAGE: u8 = 3;

/// The order of numbers in the file; `None` where it is no hash file.
pub fn order(database: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big]
        .into_iter()
        .find(|order| order.u32(database, MAGIC_AT) == Ok(MAGIC))
}

/// Visits every package header.
pub fn read(database: &[u8], order: Order, visit: Visit<'_>) -> Result<(), Damage> {
    if slice(database, ENCRYPTION_AT, 1)? != [0] {
        return Err(Damage::Encrypted);
    }
    let page_size = order.size(database, PAGE_SIZE_AT)?;
    if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
        return Err(Damage::Format);
    }
    let mut file = File {
        pages: Pages::new(database, page_size),
        order,
    };
    for position in 1..file.pages.count() {
        let page = file.pages.peek(position)?;
        if matches!(page.get(KIND_AT), Some(&HASH | &HASH_UNSORTED))
            && let Err(damage) = file.read_page(page, visit)
        {
            visit(Err(damage));
        }
    }
    if !database.len().is_multiple_of(page_size) {
        visit(Err(Damage::Bounds));
    }
    Ok(())
}

struct File<'a> {
    pages: Pages<'a>,
    order: Order,
}

impl File<'_> {
    fn read_page(&mut self, page: &[u8], visit: Visit<'_>) -> Result<(), Damage> {
        let entries = usize::from(self.order.u16(page, ENTRIES_AT)?);
        // Items fill a page from its end, each ending where the one before begins.
        let mut end = page.len();
        for pair in 0..entries / 2 {
            let key_at = self.item_at(page, 2 * pair)?;
            let value_at = self.item_at(page, 2 * pair + 1)?;
            if key_at >= end {
                return Err(Damage::Repeated);
            }
            let value = page.get(value_at..key_at).ok_or(Damage::Bounds)?;
            end = value_at;
            match value.split_first() {
                Some((&INLINE, _)) if self.is_counter(page, key_at) => {}
                Some((&INLINE, header)) => visit(Ok(header)),
                Some((&OFF_PAGE, _)) => visit(self.overflow(value).as_deref().map_err(|d| *d)),
                _ => visit(Err(Damage::Kind)),
            }
        }
        Ok(())
    }

    fn item_at(&self, page: &[u8], item: usize) -> Result<usize, Damage> {
        Ok(usize::from(self.order.u16(page, PAGE_HEADER + 2 * item)?))
    }

    /// Package number 0 is no package: its value is the number of the next one.
    fn is_counter(&self, page: &[u8], key_at: usize) -> bool {
        page.get(key_at) == Some(&INLINE) && self.order.u32(page, key_at + 1) == Ok(0)
    }

    /// The bytes of a chain of overflow pages.
    fn overflow(&mut self, item: &[u8]) -> Result<Vec<u8>, Damage> {
        let mut next = self.order.size(item, 4)?;
        let length = self.order.size(item, 8)?;
        let mut bytes = Vec::new();
        while next != 0 && bytes.len() < length {
            let page = self.pages.take(next)?;
            if page.get(KIND_AT) != Some(&OVERFLOW) {
                return Err(Damage::Kind);
            }
            let here = usize::from(self.order.u16(page, OVERFLOW_LENGTH_AT)?);
            bytes.extend(slice(page, PAGE_HEADER, here)?);
            next = self.order.size(page, NEXT_PAGE_AT)?;
        }
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err(Damage::Bounds),
        }
    }
}
