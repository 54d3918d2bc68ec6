//! Which tags of a repository are the newest: registries do not say, so names have to.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// The greatest of the tags that were seen. It holds no more than it keeps.
pub struct Newest {
    count: usize,
    kept: BinaryHeap<Reverse<Tag>>,
}

impl Newest {
    pub fn new(count: u32) -> Self {
        Self {
            count: count as usize,
            kept: BinaryHeap::new(),
        }
    }

    pub fn add(&mut self, tag: String) {
        self.kept.push(Reverse(Tag(tag)));
        if self.kept.len() > self.count {
            self.kept.pop();
        }
    }

    /// The greatest first.
    pub fn into_tags(self) -> Vec<String> {
        let sorted = self.kept.into_sorted_vec();
        sorted.into_iter().map(|Reverse(Tag(tag))| tag).collect()
    }
}

/// A tag, compared as a version: versions are greater than words, numbers count as numbers, and
/// what is behind a dash makes it less, as in `2.0-rc1`.
#[derive(Debug, PartialEq, Eq)]
struct Tag(String);

impl Ord for Tag {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (version(&self.0), version(&other.0));
        let by_version = a.is_some().cmp(&b.is_some()).then_with(|| {
            let (a, b) = (a.unwrap_or(&self.0), b.unwrap_or(&other.0));
            compare(a, b)
        });
        by_version.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Tag {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The tag without the `v` of versions, if it begins as one.
fn version(tag: &str) -> Option<&str> {
    let rest = tag.strip_prefix('v').unwrap_or(tag);
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then_some(rest)
}

fn compare(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let ((part_a, rest_a), (part_b, rest_b)) = (split_part(a), split_part(b));
        let order = match (part_a.is_empty(), part_b.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return end_against(part_b),
            (false, true) => return end_against(part_a).reverse(),
            (false, false) => compare_parts(part_a, part_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The leading digits, or what stands before the next ones.
fn split_part(text: &str) -> (&str, &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let digits = text.starts_with(is_digit);
    let end = text.find(|c: char| is_digit(c) != digits);
    text.split_at(end.unwrap_or(text.len()))
}

/// How a tag that ends compares with one that goes on.
fn end_against(part: &str) -> Ordering {
    if part.starts_with('-') {
        Ordering::Greater
    } else {
        Ordering::Less
    }
}

fn compare_parts(a: &str, b: &str) -> Ordering {
    let digits = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    match (digits(a), digits(b)) {
        (true, true) => {
            let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        }
        (false, false) => b
            .starts_with('-')
            .cmp(&a.starts_with('-'))
            .then_with(|| a.cmp(b)),
        (a_is_number, b_is_number) => a_is_number.cmp(&b_is_number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_as_versions_the_greatest_first() {
        let order = [
            "v10.0",
            "2.0.1",
            "2.0",
            "2.0-rc2",
            "v1.10.0",
            "1.9",
            "1.09-alpine",
            "1",
            "stable",
            "latest",
        ];
        let mut newest = Newest::new(100);
        for tag in order.iter().rev() {
            newest.add((*tag).to_owned());
        }
        assert_eq!(newest.into_tags(), order);
        let mut newest = Newest::new(2);
        for tag in ["1.2", "latest", "1.10", "1.9"] {
            newest.add(tag.to_owned());
        }
        assert_eq!(newest.into_tags(), ["1.10", "1.9"]);
    }
}
