//! Is it text?

/// Bytes that decide it.
pub const SNIFFED: usize = 1 << 10;

/// Whether a file that begins so is text: no NUL, and hardly a control character.
pub fn is_text(head: &[u8]) -> bool {
    if memchr::memchr(0, head).is_some() {
        return false;
    }
    let control = |byte: &&u8| matches!(byte, 1..=6 | 14..=26 | 28..=31 | 127);
    head.iter().filter(control).count() <= head.len() / 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_encoding_is_text_and_programs_are_not() {
        assert!(is_text(b""));
        assert!(is_text("caf\u{e9}: key=value\r\n\t".as_bytes()));
        assert!(is_text(b"caf\xe9 in Latin-1"));
        assert!(!is_text(b"\x7fELF\x02\x01\x01\x00"));
        assert!(!is_text(b"\x1f\x8b\x08\x01\x02\x03\x04\x05"));
    }
}
