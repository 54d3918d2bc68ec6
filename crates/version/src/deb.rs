//! dpkg: `[epoch:]upstream[-revision]`, by deb-version(7).

use std::cmp::Ordering;

use crate::natural::{compare_numbers, take_while};

/// A Debian version.
#[derive(Debug, Clone)]
pub struct DebVersion<'a> {
    epoch: u64,
    upstream: &'a str,
    revision: &'a str,
}

pub fn parse(text: &str) -> Result<DebVersion<'_>, &'static str> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (parse_epoch(epoch)?, rest),
        None => (0, text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if upstream.is_empty() {
        return Err("it has no upstream version");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".+-~:_".contains(c);
    if !rest.chars().all(allowed) {
        return Err("it holds a character that Debian versions may not have");
    }
    Ok(DebVersion {
        epoch,
        upstream,
        revision,
    })
}

fn parse_epoch(epoch: &str) -> Result<u64, &'static str> {
    if !epoch.bytes().all(|b| b.is_ascii_digit()) {
        return Err("its epoch is not a number");
    }
    epoch
        .parse::<u32>()
        .map(u64::from)
        .map_err(|_| "its epoch is empty or too large")
}

/// A character's weight: tilde before the end, the end before letters, letters before the rest.
fn weight(c: Option<char>) -> i32 {
    match c {
        Some('~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => c as i32,
        Some(c) => c as i32 + 256,
    }
}

/// Alternates between non-digits, compared by weight, and digits, compared by value.
fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (l, l_rest) = take_while(left, |c| !c.is_ascii_digit());
        let (r, r_rest) = take_while(right, |c| !c.is_ascii_digit());
        let order = compare_text(l, r);
        if order.is_ne() {
            return order;
        }
        let (l, l_rest) = take_while(l_rest, |c| c.is_ascii_digit());
        let (r, r_rest) = take_while(r_rest, |c| c.is_ascii_digit());
        let order = compare_numbers(l, r);
        if order.is_ne() {
            return order;
        }
        (left, right) = (l_rest, r_rest);
    }
    Ordering::Equal
}

fn compare_text(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.chars(), right.chars());
    loop {
        let (l, r) = (left.next(), right.next());
        let order = weight(l).cmp(&weight(r));
        if order.is_ne() || l.is_none() {
            return order;
        }
    }
}

impl Ord for DebVersion<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream, other.upstream))
            .then_with(|| compare_part(self.revision, other.revision))
    }
}

impl PartialOrd for DebVersion<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DebVersion<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for DebVersion<'_> {}
