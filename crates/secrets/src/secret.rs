//! What is kept of a secret.

use std::ops::Range;

/// What stands in the place of a value, whatever its length.
const MASK: &str = "****";
/// Characters that are shown of what surrounds the value.
const SHOWN: usize = 96;

/// A credential that was found, without its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    /// Id of the rule that found it.
    pub rule: String,
    /// The line it begins on, from 1.
    pub line: u32,
    /// What was matched, with `****` in the place of the value.
    pub excerpt: String,
}

/// The text of a match with the value masked. What lies outside the value is printable and short,
/// so that a report can show it anywhere.
pub fn redact(matched: &[u8], value: Range<usize>) -> String {
    let before = printable(matched.get(..value.start).unwrap_or_default());
    let after = printable(matched.get(value.end..).unwrap_or_default());
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let before: String = before.chars().skip(skipped).collect();
    let after: String = after.chars().take(SHOWN).collect();
    format!("{before}{MASK}{after}")
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let plain = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    let words: Vec<_> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    let joined = words.join(" ");
    // A space next to the value tells that they are apart.
    let space = |there: bool| if there { " " } else { "" };
    let lead = space(plain.starts_with(' ') && !joined.is_empty());
    let trail = space(plain.ends_with(' ') && !joined.is_empty());
    format!("{lead}{joined}{trail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_masked_and_its_length_is_not_told() {
        let text = b"password = 'hunter2'";
        assert_eq!(redact(text, 12..19), "password = '****'");
        assert_eq!(redact(b"ghp_abc", 4..7), "ghp_****");
        assert_eq!(redact(b"ghp_abcdefghi", 4..13), "ghp_****");
    }

    #[test]
    fn control_characters_and_long_surroundings_are_not_shown() {
        assert_eq!(redact(b"a\x1b[2J\n\tkey=v", 11..12), "a [2J key=****");
        let long = [&[b'x'; 500][..], b"v"].concat();
        assert_eq!(redact(&long, 500..501).len(), SHOWN + 4);
    }
}
