//! Which distro this is: os-release(5).

use scanyard_package::{CoverageKind, Distro};

use super::{Cataloger, Names};
use crate::layer::FileEvidence;

/// Where os-release lives, the one that wins first.
const PATHS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
/// Where Fedora keeps the file that `usr/lib/os-release` links to.
const FEDORA_DIRECTORY: &str = "usr/lib/os.release.d";

pub struct OsRelease;

impl Cataloger for OsRelease {
    fn names(&self) -> Names {
        Names {
            files: &["os-release"],
            directories: &[FEDORA_DIRECTORY],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        rank(path).is_some()
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match parse(&String::from_utf8_lossy(content)) {
            Some(distro) => FileEvidence::of_distro(distro),
            None => FileEvidence::unreadable(CoverageKind::UnreadableFile, "os-release has no ID"),
        }
    }
}

/// Which of several os-release files wins: the lowest.
pub fn rank(path: &str) -> Option<usize> {
    let fedora = path.starts_with("usr/lib/os.release.d/os-release-");
    PATHS
        .iter()
        .position(|known| *known == path)
        .or(fedora.then_some(PATHS.len()))
}

fn parse(text: &str) -> Option<Distro> {
    let mut distro = Distro::default();
    for (key, value) in assignments(text) {
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
    if distro.id.is_empty() {
        // Old derivatives left the ID out and say only what they are like.
        distro.id = distro.id_like.first()?.clone();
    }
    Some(distro)
}

/// The variables that a shell would have after reading the file.
pub fn assignments(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        Some((key, unquote(value.trim())))
    })
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

    #[test]
    fn a_distro_without_id_is_what_it_is_like() {
        let distro = parse("ID_LIKE=\"debian ubuntu\"\nVERSION_ID=8\n").unwrap();
        assert_eq!(
            (distro.id.as_str(), distro.version.as_str()),
            ("debian", "8")
        );
    }
}
