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
