//! os-release(5): which distro this is.

use scanyard_package::{CoverageKind, Distro};

use super::Cataloger;
use crate::layer::FileEvidence;

/// Where os-release lives, the one that wins first.
pub const PATHS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

pub struct OsRelease;

impl Cataloger for OsRelease {
    fn wants(&self, path: &str) -> bool {
        PATHS.contains(&path)
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match parse(&String::from_utf8_lossy(content)) {
            Some(distro) => FileEvidence {
                distro: Some(distro),
                ..FileEvidence::default()
            },
            None => FileEvidence::unreadable(CoverageKind::UnreadableFile, "os-release has no ID"),
        }
    }
}

fn parse(text: &str) -> Option<Distro> {
    let mut distro = Distro::default();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let value = unquote(value.trim());
        match key {
            "ID" => distro.id = value.to_ascii_lowercase(),
            "VERSION_ID" => distro.version = value,
            "ID_LIKE" => {
                distro.id_like = value
                    .split_whitespace()
                    .map(str::to_ascii_lowercase)
                    .collect();
            }
            "PRETTY_NAME" => distro.name = value,
            _ => {}
        }
    }
    (!distro.id.is_empty()).then_some(distro)
}

/// Shell quoting as os-release permits it.
fn unquote(value: &str) -> String {
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' {
            characters.next()
        } else {
            Some(c)
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_are_understood() {
        let text = "# a comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n";
        let distro = parse(text).unwrap();
        assert_eq!(
            (distro.id.as_str(), distro.version.as_str()),
            ("debian", "12")
        );
        assert_eq!(distro.name, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(parse("NAME=x\n"), None);
    }
}
