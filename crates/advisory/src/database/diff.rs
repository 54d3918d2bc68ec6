//! What differs between two revisions, by package.

use std::cmp::Ordering;

use scanyard_package::Ecosystem;

use super::Database;
use super::entry::groups;

/// The packages, by (ecosystem, name), about which the two revisions differ in anything that
/// matching or a finding would show: entries, severities, aliases, withdrawal, known exploitation.
/// A record that only has a new `modified` is no difference.
///
/// Linear in the number of packages: both revisions are walked side by side and compared by the
/// content hash of each package.
pub fn diff(before: &Database, after: &Database) -> Vec<(Ecosystem, String)> {
    let mut changed = Vec::new();
    let mut left = keys(before).peekable();
    let mut right = keys(after).peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return changed,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let (a, b) = (
            order.is_le().then(|| left.next()).flatten(),
            order.is_ge().then(|| right.next()).flatten(),
        );
        let same = matches!((a, b), (Some((_, a)), Some((_, b))) if a == b);
        if let (false, Some(((ecosystem, name), _))) = (same, a.or(b)) {
            changed.push((Ecosystem::new(ecosystem), name.to_owned()));
        }
    }
}

fn keys(database: &Database) -> impl Iterator<Item = ((&str, &str), u64)> {
    let image = &*database.image;
    groups(image).map(|(_, group)| {
        let key = (image.text(group.ecosystem), image.text(group.name));
        (key, group.content)
    })
}
