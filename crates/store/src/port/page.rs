//! Keyset pagination.

/// Which page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The cursor that the page before ended with.
    pub cursor: Option<String>,
    /// Items at most.
    pub limit: u32,
}

/// Items, and how to get at those after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items in order.
    pub items: Vec<T>,
    /// The next page's cursor; `None` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of what this makes of its items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }

    /// A page out of up to one item more than it takes: the one more says that another follows.
    pub(crate) fn cut(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}
