//! Reading text that is not of any common format.

use std::borrow::Cow;

/// The file as text; bytes that are not UTF-8 become replacement characters.
pub fn text(content: &[u8]) -> Cow<'_, str> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    String::from_utf8_lossy(content)
}

/// What stands between quotes at the beginning of a text, or its first word.
pub fn unquoted(text: &str) -> &str {
    let text = text.trim_start();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_no_part_of_a_word() {
        assert_eq!(unquoted(" \"a b\" c"), "a b");
        assert_eq!(unquoted("'a'"), "a");
        assert_eq!(unquoted("a b"), "a");
        assert_eq!(unquoted("\"open"), "open");
    }
}
