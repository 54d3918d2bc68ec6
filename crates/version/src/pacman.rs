//! pacman: `[epoch:]version[-release]`, by vercmp(8).

use std::cmp::Ordering;

use crate::natural::{compare_numbers, take_while};

/// A pacman version. An absent release orders before every release.
#[derive(Debug, Clone)]
pub struct PacmanVersion {
    epoch: u64,
    version: String,
    release: Option<String>,
}

pub fn parse(text: &str) -> Result<PacmanVersion, &'static str> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => (
            epoch
                .parse::<u32>()
                .map_err(|_| "its epoch is empty or too large")?,
            rest,
        ),
        Some(_) => return Err("its epoch is not a number"),
        None => (0, text),
    };
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release.to_owned())),
        None => (rest, None),
    };
    if !version.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Err("it has neither digits nor letters");
    }
    Ok(PacmanVersion {
        epoch: epoch.into(),
        version: version.to_owned(),
        release,
    })
}

fn separators(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    (text.len() - rest.len(), rest)
}

/// rpm's older algorithm: a longer run of separators is newer, and what is left over is older when
/// it is a letter (`1.0a` before `1.0`) and newer otherwise.
fn compare_segments(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let ((l_gap, l), (r_gap, r)) = (separators(left), separators(right));
        if l.is_empty() || r.is_empty() {
            return compare_rests(l, r);
        }
        if l_gap != r_gap {
            return l_gap.cmp(&r_gap);
        }
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let kind = move |c: char| {
            if digit(l) {
                c.is_ascii_digit()
            } else {
                c.is_ascii_alphabetic()
            }
        };
        if digit(l) != digit(r) {
            return digit(l).cmp(&digit(r));
        }
        let ((l_run, l_rest), (r_run, r_rest)) = (take_while(l, kind), take_while(r, kind));
        let order = if digit(l) {
            compare_numbers(l_run, r_run)
        } else {
            l_run.cmp(r_run)
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (l_rest, r_rest);
    }
}

fn compare_rests(left: &str, right: &str) -> Ordering {
    let alpha = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if alpha(right) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        _ => {
            if alpha(left) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

impl Ord for PacmanVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_segments(&self.version, &other.version))
            .then_with(|| match (&self.release, &other.release) {
                (Some(l), Some(r)) => compare_segments(l, r),
                (l, r) => l.is_some().cmp(&r.is_some()),
            })
    }
}

impl PartialOrd for PacmanVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PacmanVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PacmanVersion {}
