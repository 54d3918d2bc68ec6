//! `bun.lock`: JSON with comments and trailing commas.

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;
use serde_json::Value;

use super::{Declared, LockFile, Malformed, Names, read_json};

pub struct BunLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Vec<Value>>,
}

impl LockFile for BunLock {
    fn names(&self) -> Names {
        Names {
            files: &["bun.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let plain = plain_json(content);
        let lock: Lock = read_json(&plain)?;
        let mut declared = Declared::new(PackageKind::Npm);
        for facts in lock.packages.values() {
            let resolution = facts.first().and_then(Value::as_str).unwrap_or_default();
            if let Some((name, version)) = resolution.rsplit_once('@')
                && version.starts_with(|c: char| c.is_ascii_digit())
            {
                declared.add(name, version);
            }
        }
        Ok(declared)
    }
}

/// Blanks out comments and the commas that nothing follows.
fn plain_json(content: &[u8]) -> Vec<u8> {
    let mut plain = content.to_vec();
    let mut comma = None;
    let mut at = 0;
    while let Some(byte) = content.get(at).copied() {
        let end = match (byte, content.get(at + 1)) {
            (b'"', _) => end_of_string(content, at),
            (b'/', Some(b'/')) => end_after(content, at, b"\n"),
            (b'/', Some(b'*')) => end_after(content, at, b"*/"),
            _ => at + 1,
        };
        match byte {
            b'/' if end > at + 1 => plain[at..end].fill(b' '),
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    plain[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at = end;
    }
    plain
}

/// The end of the string that begins at a quote.
fn end_of_string(content: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = content.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    content.len()
}

/// The end of the first occurrence of the mark after a start of two bytes.
fn end_after(content: &[u8], start: usize, mark: &[u8]) -> usize {
    let rest = content.get(start + 2..).unwrap_or_default();
    memchr::memmem::find(rest, mark).map_or(content.len(), |at| start + 2 + at + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn comments_and_trailing_commas_are_read_over() {
        let text = r#"{ // one
            "packages": {
                "a": ["a@1.0.0", "", {}, "sha512-//,}"], /* two */
                "b/c": ["@s/c@2.0.0-rc.1", "", {"x": [1, 2,],},],
                "w": ["w@workspace:packages/w"],
            },
        }"#;
        let packages = read_as_text(&BunLock, text);
        assert_eq!(packages, ["npm/%40s/c@2.0.0-rc.1", "npm/a@1.0.0"]);
    }

    #[test]
    fn what_is_open_at_the_end_is_no_json() {
        for text in ["{\"a", "{ /*", "{ //", "\"\\", "/"] {
            assert!(BunLock.read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
