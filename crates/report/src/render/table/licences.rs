//! Packages by licence, for those who ask.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use crate::Report;
use crate::render::text::{Screen, Style, count};

/// Packages of one licence that are named; the rest are counted.
const NAMES: usize = 12;

/// The licence of most packages first, then those packages that no licence is known of.
pub fn write(screen: &mut Screen<'_>, report: &Report) -> io::Result<()> {
    let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for package in &report.packages {
        match package.licence.as_deref() {
            Some(licence) => named.entry(licence).or_default().push(&package.name),
            None => unknown.push(package.name.as_str()),
        }
    }
    screen.blank()?;
    let title = format!("LICENCES: {}", named.len());
    screen.line(&[(Style::Bold, &title)])?;
    let mut named: Vec<_> = named.into_iter().collect();
    named.sort_by_key(|(_, packages)| Reverse(packages.len()));
    for (licence, packages) in named {
        write_licence(screen, licence, packages)?;
    }
    if unknown.is_empty() {
        return Ok(());
    }
    write_licence(screen, "none that is known", unknown)
}

fn write_licence(
    screen: &mut Screen<'_>,
    licence: &str,
    mut packages: Vec<&str>,
) -> io::Result<()> {
    let number = format!("{:>6}  ", packages.len());
    screen.line(&[(Style::Plain, &number), (Style::Plain, licence)])?;
    packages.sort_unstable();
    packages.dedup();
    let rest = packages.len().saturating_sub(NAMES);
    packages.truncate(NAMES);
    let names = packages.join(", ");
    let names = match rest {
        0 => names,
        rest => format!("{names} and {} more", count(rest, "name")),
    };
    screen.paragraph(Style::Dim, 8, &names)
}
