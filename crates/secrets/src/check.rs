//! What tells a real value from something that only looks like one.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD as ORDINARY, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Words of values that stand for another one. Lower case.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "replace",
    "your",
    "xxxx",
    "****",
    "....",
    "dummy",
    "sample",
    "fake",
    "redacted",
    "todo",
    "insert",
    "${",
    "{{",
    "$(",
    "%s",
    "%(",
    "%{",
    "#{",
    "0123456789",
    "1234567890",
    "abcdefgh",
    "password",
    "passwd",
    "secret",
    "foobar",
    "notreal",
    "undefined",
    "default",
];

/// Whether a value is no more than a place to put one: a variable, a word, a row of one character.
pub fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let holds = |word: &&str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    let first = value.first().copied().unwrap_or_default();
    matches!(first, b'$' | b'<' | b'%' | b'[' | b'{' | b'@' | b'*')
        || PLACEHOLDERS.iter().any(holds)
        || value.iter().all(|byte| *byte == first)
}

/// Shannon entropy in bits for each byte.
pub fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let length = value.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    let used = counts.iter().filter(|count| **count > 0);
    -used.map(share).map(|p| p * p.log2()).sum::<f64>()
}

/// A token as a machine makes them.
pub fn random(value: &[u8]) -> bool {
    entropy(value) >= 3.0 && !looks_made_up(value)
}

/// A token of letters and digits of both cases, of which words and paths have no such mix.
pub fn random_mixed(value: &[u8]) -> bool {
    mixed_case(value) && value.iter().any(u8::is_ascii_digit)
}

/// A token of letters of both cases.
pub fn mixed_case(value: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    random(value)
        && entropy(value) >= 3.5
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

/// Where the shape alone decides.
pub fn anything(_value: &[u8]) -> bool {
    true
}

/// Placeholders within tokens. Shorter than the list for passwords: letters at random spell some.
fn looks_made_up(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let made_up = [
        "example",
        "xxxxxx",
        "0123456789",
        "1234567890",
        "abcdefgh",
        "000000000",
        "......",
    ];
    made_up
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Anything that is no placeholder.
pub fn filled_in(value: &[u8]) -> bool {
    !is_placeholder(value)
}

/// A password that somebody set: letters and digits or signs, no placeholder, no path or number.
pub fn password(value: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    let first = value.first().copied().unwrap_or_default();
    filled_in(value)
        && !matches!(first, b'/' | b'.' | b'(' | b'&' | b'!' | b'-')
        && memchr::memmem::find(value, b"://").is_none()
        && !value.contains(&b'(')
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit)
            || has(|byte| matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'*' | b'^')))
        && entropy(value) >= 2.5
}

/// GitHub's own checksum: the last six characters are the CRC-32 of those before, in base 62.
pub fn github_checksum(value: &[u8]) -> bool {
    let Some((body, told)) = value.split_last_chunk::<6>() else {
        return false;
    };
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(body);
    let mut expected = [b'0'; 6];
    for digit in expected.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    *told == expected
}

/// CRC-32 as in zip, bit by bit: it runs over thirty bytes of what looks like a token.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, byte)
}

/// A JSON web token whose header names an algorithm, other than the one of the specification.
pub fn json_web_token(value: &[u8]) -> bool {
    let Some(header) = value.split(|byte| *byte == b'.').next() else {
        return false;
    };
    let Ok(header) = decoder(&URL_SAFE).decode(header) else {
        return false;
    };
    let header: Option<serde_json::Value> = serde_json::from_slice(&header).ok();
    let named = header.is_some_and(|header| header.get("alg").is_some_and(|alg| alg.is_string()));
    // `{"sub":"1234567890",...}` and `{"iss":"joe",...}`, which every library has in its tests.
    let well_known = [&b"eyJzdWIiOiIxMjM0NTY3ODkw"[..], b"eyJpc3MiOiJqb2Ui"];
    named
        && !well_known
            .iter()
            .any(|known| memchr::memmem::find(value, known).is_some())
}

/// `user:password` in base 64, as docker's config.json and `_auth` of npm have it.
pub fn base64_pair(value: &[u8]) -> bool {
    let Ok(pair) = decoder(&ORDINARY).decode(value) else {
        return false;
    };
    let Ok(pair) = std::str::from_utf8(&pair) else {
        return false;
    };
    let plain = pair.chars().all(|c| !c.is_control());
    plain
        && pair
            .split_once(':')
            .is_some_and(|(user, password)| !user.is_empty() && filled_in(password.as_bytes()))
}

fn decoder(alphabet: &base64::alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

/// Where `user:password@host` has its password, in what follows `://`; by hand, because text is
/// full of addresses that have none.
pub fn address_password(after: &[u8]) -> Option<(Range<usize>, usize)> {
    const LONGEST: usize = 256;
    let after = after.get(..LONGEST).unwrap_or(after);
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'/' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'?' | b'\\' | b'|' | b')' | b','
            )
    };
    let authority = &after[..after.iter().position(ends).unwrap_or(after.len())];
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', &authority[..at])?;
    let host = &authority[at + 1..];
    let named = host
        .first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[');
    let (user, password) = (&authority[..colon], &authority[colon + 1..at]);
    let told = password.len() >= 3 && user.iter().all(u8::is_ascii_graphic) && named;
    (told && host_is_real(host) && pair_is_real(user, password))
        .then_some((colon + 1..at, authority.len()))
}

/// Hosts of documentation have no passwords worth a word.
fn host_is_real(host: &[u8]) -> bool {
    let name = host.split(|byte| *byte == b':').next().unwrap_or(host);
    let name = name.to_ascii_lowercase();
    let reserved = |end: &&str| name.ends_with(end.as_bytes());
    let example = [
        "example.com",
        "example.org",
        "example.net",
        ".example",
        ".test",
        ".invalid",
    ];
    !example.iter().any(reserved)
        && !matches!(
            name.as_slice(),
            b"host" | b"hostname" | b"server" | b"domain" | b"somehost"
        )
}

fn pair_is_real(user: &[u8], password: &[u8]) -> bool {
    let lower = password.to_ascii_lowercase();
    let words: [&[u8]; 7] = [
        b"pass",
        b"pwd",
        b"pw",
        b"password",
        b"secret",
        b"token",
        b"foo",
    ];
    !user.eq_ignore_ascii_case(password)
        && !words.contains(&lower.as_slice())
        && filled_in(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_that_fits_is_one_in_millions() {
        assert!(github_checksum(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"));
        assert!(!github_checksum(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"));
        assert!(!github_checksum(b""));
    }

    #[test]
    fn places_for_a_value_are_no_values() {
        for value in [
            "${TOKEN}",
            "<token>",
            "changeme1",
            "xxxxxxxx",
            "********",
            "aaaaaa",
            "",
            "{{ a }}",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        assert!(!is_placeholder(b"kT9mQ2vLx7"));
    }

    #[test]
    fn a_password_in_an_address_is_found_between_colon_and_at() {
        let found =
            |text: &str| address_password(text.as_bytes()).map(|(range, _)| text[range].to_owned());
        assert_eq!(found("app:kT9@db.internal:5432/x").as_deref(), Some("kT9"));
        assert_eq!(found("app:k@T9@db/x").as_deref(), Some("k@T9"));
        for text in [
            "host:80/a@b",
            "user@host/",
            "u:${PASS}@db",
            "u:p4ss@example.com",
            "root:root@db",
            "",
            ":@",
            "a:b:c",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
