//! rpm: `[epoch:]version[-release]`, by rpm-version(7).

use std::cmp::Ordering;

use crate::natural::{compare_numbers, take_while};

/// An rpm version. An absent epoch orders as zero, an absent release before every release.
#[derive(Debug, Clone)]
pub struct RpmVersion<'a> {
    epoch: u64,
    version: &'a str,
    release: Option<&'a str>,
}

pub fn parse(text: &str) -> Result<RpmVersion<'_>, &'static str> {
    let (epoch, rest) = split_epoch(text)?;
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    if version.is_empty() {
        return Err("it has no version before the release");
    }
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it holds a space or a control character");
    }
    Ok(RpmVersion {
        epoch,
        version,
        release,
    })
}

/// An epoch is what stands before a colon as digits only; rpm reads any other text before one as
/// part of the version, and an empty epoch as zero.
fn split_epoch(text: &str) -> Result<(u64, &str), &'static str> {
    let (digits, rest) = take_while(text, |c| c.is_ascii_digit());
    match rest.strip_prefix(':') {
        Some(rest) if digits.is_empty() => Ok((0, rest)),
        Some(rest) => match digits.parse::<u32>() {
            Ok(epoch) => Ok((epoch.into(), rest)),
            Err(_) => Err("its epoch is too large"),
        },
        None => Ok((0, text)),
    }
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^')
}

/// Segment by segment: tilde before everything, caret after the end, numbers after letters.
pub fn compare_segments(mut left: &str, mut right: &str) -> Ordering {
    loop {
        (left, right) = (skip_separators(left), skip_separators(right));
        match (left.strip_prefix('~'), right.strip_prefix('~')) {
            (Some(l), Some(r)) => {
                (left, right) = (l, r);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        match (left.strip_prefix('^'), right.strip_prefix('^')) {
            (Some(l), Some(r)) => {
                (left, right) = (l, r);
                continue;
            }
            (Some(_), None) => {
                return if right.is_empty() {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
            }
            (None, Some(_)) => {
                return if left.is_empty() {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
            }
            (None, None) => {}
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let (order, l_rest, r_rest) = compare_run(left, right);
        if order.is_ne() {
            return order;
        }
        (left, right) = (l_rest, r_rest);
    }
}

/// Compares the leading run of digits or letters of two non-empty texts.
fn compare_run<'l, 'r>(left: &'l str, right: &'r str) -> (Ordering, &'l str, &'r str) {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match (digit(left), digit(right)) {
        (true, false) => (Ordering::Greater, left, right),
        (false, true) => (Ordering::Less, left, right),
        (true, true) => {
            let (l, l_rest) = take_while(left, |c| c.is_ascii_digit());
            let (r, r_rest) = take_while(right, |c| c.is_ascii_digit());
            (compare_numbers(l, r), l_rest, r_rest)
        }
        (false, false) => {
            let (l, l_rest) = take_while(left, |c| c.is_ascii_alphabetic());
            let (r, r_rest) = take_while(right, |c| c.is_ascii_alphabetic());
            (l.cmp(r), l_rest, r_rest)
        }
    }
}

impl Ord for RpmVersion<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_segments(self.version, other.version))
            .then_with(|| match (self.release, other.release) {
                (Some(l), Some(r)) => compare_segments(l, r),
                (l, r) => l.is_some().cmp(&r.is_some()),
            })
    }
}

impl PartialOrd for RpmVersion<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RpmVersion<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RpmVersion<'_> {}
