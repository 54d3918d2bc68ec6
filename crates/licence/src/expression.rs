//! From what metadata says to one expression.

use spdx::{Expression, ParseMode};

use crate::alias;

/// The longest text that is taken for a name or an expression; longer ones are licences themselves.
const LONGEST: usize = 400;
/// Characters of a `LicenseRef-`, behind the prefix.
const LONGEST_REF: usize = 60;
/// What stands before the names in PyPI's classifiers.
const CLASSIFIER: &str = "License ::";

/// The SPDX expression for licences as metadata words them, of which several hold together; `None`
/// where it says nothing.
pub fn expression(texts: &[String]) -> Option<String> {
    let mut terms: Vec<_> = texts.iter().filter_map(|text| term(text)).collect();
    // Metadata repeats itself: as a field and as a classifier.
    let mut seen = std::collections::HashSet::new();
    terms.retain(|term| seen.insert(term.clone()));
    match terms.len() {
        0 => None,
        1 => terms.pop(),
        _ => Some(
            terms
                .iter()
                .map(|term| nested(term))
                .collect::<Vec<_>>()
                .join(" AND "),
        ),
    }
}

fn nested(term: &str) -> String {
    if term.contains(" OR ") {
        format!("({term})")
    } else {
        term.to_owned()
    }
}

/// One text as an expression.
fn term(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match text.strip_prefix(CLASSIFIER) {
        Some(classifier) => classifier.rsplit("::").next().unwrap_or(classifier).trim(),
        None => text,
    };
    if says_nothing(text) {
        return None;
    }
    if text.len() > LONGEST || text.contains('\n') {
        // The licence itself; its first line is its title, mostly.
        let title = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        return Some(name(title));
    }
    let known = alias::id_of(text)
        .map(str::to_owned)
        .or_else(|| parsed(text));
    known
        .or_else(|| reworded(text))
        .or_else(|| Some(name(text)))
}

fn says_nothing(text: &str) -> bool {
    let nothing = [
        "unknown",
        "noassertion",
        "none",
        "other",
        "osi approved",
        "see license",
        "n/a",
        "-",
    ];
    text.is_empty() || nothing.contains(&text.to_ascii_lowercase().as_str())
}

/// Text that is an expression already. No name is bent into an id here: that guesses.
fn parsed(text: &str) -> Option<String> {
    let strict = ParseMode {
        allow_deprecated: true,
        ..ParseMode::STRICT
    };
    Expression::parse_mode(text, strict).ok()?;
    Some(text.to_owned())
}

/// Text whose words between `and`, `or` and brackets are names, as package managers of Fedora have it.
fn reworded(text: &str) -> Option<String> {
    let spaced = text
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(',', " and ")
        .replace('|', " or ");
    let mut words: Vec<String> = Vec::new();
    let mut pending: Vec<&str> = Vec::new();
    let mut known = false;
    for word in spaced.split_whitespace().chain(["and"]) {
        let operator = match word {
            "and" | "AND" | "&" => "AND",
            "or" | "OR" | "/" => "OR",
            "(" | ")" => word,
            _ => {
                pending.push(word);
                continue;
            }
        };
        if !pending.is_empty() {
            let atom = pending.join(" ");
            let id = alias::id_of(&atom)
                .map(str::to_owned)
                .or_else(|| parsed(&atom));
            known |= id.is_some();
            words.push(id.map_or_else(|| name(&atom), |id| nested(&id)));
            pending.clear();
        }
        // `||` became two of them.
        if words
            .last()
            .is_some_and(|last| last != operator || operator.len() == 1)
            || operator == "("
        {
            words.push(operator.to_owned());
        }
    }
    // The one that closed the last name.
    words.pop();
    let joined = words.join(" ").replace("( ", "(").replace(" )", ")");
    known.then(|| parsed(&joined)).flatten()
}

/// A name that is none of SPDX's list, as an expression may hold it.
fn name(text: &str) -> String {
    if let Some(id) = alias::id_of(text) {
        return id.to_owned();
    }
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= LONGEST_REF {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '.' {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches(['-', '.']);
    format!(
        "LicenseRef-{}",
        if slug.is_empty() { "unnamed" } else { slug }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        expression(&texts)
    }

    #[test]
    fn names_of_every_kind_of_metadata_become_ids() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("MIT License", "MIT"),
            ("Apache 2.0", "Apache-2.0"),
            (
                "License :: OSI Approved :: BSD License",
                "LicenseRef-BSD-License",
            ),
            (
                "License :: OSI Approved :: Apache Software License",
                "Apache-2.0",
            ),
            ("GPLv2+", "GPL-2.0-or-later"),
            ("GPL-2.0-only", "GPL-2.0-only"),
            ("(MIT OR Apache-2.0)", "(MIT OR Apache-2.0)"),
            (
                "GPLv2+ and LGPLv2+",
                "GPL-2.0-or-later AND LGPL-2.0-or-later",
            ),
            (
                "(GPLv3+ or LGPLv3+) and BSD",
                "(GPL-3.0-or-later OR LGPL-3.0-or-later) AND LicenseRef-BSD",
            ),
            (
                "Custom License, see file",
                "LicenseRef-Custom-License-see-file",
            ),
            ("MIT License\n\nCopyright (c) somebody", "MIT"),
        ] {
            assert_eq!(of(&[text]).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn several_hold_together_and_repetitions_count_once() {
        assert_eq!(
            of(&["MIT", "MIT License", "GPLv2 or MIT"]).as_deref(),
            Some("MIT AND (GPL-2.0-only OR MIT)")
        );
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["UNKNOWN", " "]), None);
    }

    #[test]
    fn every_outcome_is_an_expression_whatever_the_text() {
        let words = [
            "MIT",
            "and",
            "or",
            "(",
            ")",
            "GPLv2+",
            "x y",
            "\u{e9}",
            "||",
            ",",
            "WITH",
            "/",
            "\u{0}",
            "+",
            "LicenseRef-",
            ":",
        ];
        let mut state = 0x5eed_u64;
        for _ in 0..5000 {
            let mut text = String::new();
            for _ in 0..6 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                text.push_str(words[(state >> 33) as usize % words.len()]);
                text.push(' ');
            }
            if let Some(found) = of(&[&text]) {
                let mode = ParseMode {
                    allow_deprecated: true,
                    ..ParseMode::STRICT
                };
                assert!(
                    Expression::parse_mode(&found, mode).is_ok(),
                    "{text:?} became {found:?}"
                );
            }
        }
    }
}
