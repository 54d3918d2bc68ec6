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

/// What a version goes on with after what was compared. Letters are older than the end (`1.0a`
/// before `1.0`), and digits newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    Letters,
    End,
    Digits,
}

impl Rest {
    fn of(text: &str) -> Self {
        match text.chars().next() {
            None => Rest::End,
            Some(c) if c.is_ascii_digit() => Rest::Digits,
            Some(_) => Rest::Letters,
        }
    }
}

/// rpm's older algorithm: a longer run of separators is newer, and what is left over is older when
/// it is a letter and newer otherwise.
///
/// vercmp looks at the separators first, which makes circles: `a1` before `a.b` before `a` before
/// `a1`. Here a run of separators counts among versions that go on with the same kind only.
fn compare_segments(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let ((l_gap, l), (r_gap, r)) = (separators(left), separators(right));
        let (rest, other) = (Rest::of(l), Rest::of(r));
        if rest != other || rest == Rest::End {
            return rest.cmp(&other);
        }
        if l_gap != r_gap {
            return l_gap.cmp(&r_gap);
        }
        let kind = |c: char| match rest {
            Rest::Digits => c.is_ascii_digit(),
            _ => c.is_ascii_alphabetic(),
        };
        let ((l_run, l_rest), (r_run, r_rest)) = (take_while(l, kind), take_while(r, kind));
        let order = match rest {
            Rest::Digits => compare_numbers(l_run, r_run),
            _ => l_run.cmp(r_run),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (l_rest, r_rest);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_make_no_circle() {
        for ascending in [["a.b", "a", "a1"], ["0..a", "0", "0.1"]] {
            let versions = ascending.map(|text| parse(text).unwrap());
            assert!(versions.is_sorted(), "{ascending:?}");
            assert!(versions[0] < versions[2], "{ascending:?}");
        }
        assert!(parse("1.2").unwrap() < parse("1..1").unwrap());
    }
}
