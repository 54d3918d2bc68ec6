//! From what senders wrote to events: what is no image is left out and counted.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;

use crate::delivery::Unreadable;
use crate::{Action, Event, Received, Target};

/// Events of one delivery at most. Senders put one or a few into each; what is missed then is found
/// by the walk through the registry.
const MAX_EVENTS: usize = 1000;
/// The longest id, tag or repository that is looked at.
const MAX_TEXT: usize = 512;

/// Media types of what leads to an image.
const MANIFESTS: [&str; 5] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// Media types of configs that images have. Others belong to charts, signatures and policies.
const CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// An event as a sender wrote it.
#[derive(Debug, Default)]
pub(crate) struct Draft<'a> {
    pub id: Option<&'a str>,
    pub registry: Option<&'a str>,
    pub repository: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
    pub media_type: Option<&'a str>,
    /// Media type of the config, or the artifact's type.
    pub artifact_type: Option<&'a str>,
    pub at: Option<DateTime<Utc>>,
}

/// What a delivery told so far.
#[derive(Debug, Default)]
pub(crate) struct Collector(Received);

impl Collector {
    /// Something that is no push or deletion of an image.
    pub fn ignore(&mut self) {
        self.0.ignored = self.0.ignored.saturating_add(1);
    }

    pub fn push(&mut self, draft: &Draft<'_>) -> Result<(), Unreadable> {
        self.add(Action::Push, draft)
    }

    pub fn delete(&mut self, draft: &Draft<'_>) -> Result<(), Unreadable> {
        self.add(Action::Delete, draft)
    }

    fn add(&mut self, action: Action, draft: &Draft<'_>) -> Result<(), Unreadable> {
        match read(action, draft) {
            None => self.ignore(),
            Some(_) if self.0.events.len() >= MAX_EVENTS => {
                return Err(Unreadable(format!(
                    "it tells of more than {MAX_EVENTS} events"
                )));
            }
            Some(event) => self.0.events.push(event),
        }
        Ok(())
    }

    pub fn finish(self) -> Received {
        self.0
    }
}

fn read(action: Action, draft: &Draft<'_>) -> Option<Event> {
    let not_empty = |text: &&str| !text.is_empty() && text.len() <= MAX_TEXT;
    let media_type = draft.media_type.filter(not_empty);
    if media_type.is_some_and(|media_type| !MANIFESTS.contains(&media_type)) {
        return None;
    }
    let artifact_type = draft.artifact_type.filter(|text| !text.is_empty());
    if artifact_type.is_some_and(|artifact_type| !is_image(artifact_type)) {
        return None;
    }
    // Some senders write the digest where the tag of an untagged image would stand.
    let tag = draft.tag.filter(not_empty);
    let (tag, named) = match tag.map(|tag| (tag, tag.parse::<Digest>())) {
        Some((_, Ok(digest))) => (None, Some(digest)),
        Some((tag, Err(_))) => (Some(tag), None),
        None => (None, None),
    };
    if tag.is_some_and(is_attachment) {
        return None;
    }
    // A digest of an algorithm that we do not know leaves the tag, if there is one.
    let digest = draft
        .digest
        .and_then(|digest| digest.parse().ok())
        .or(named);
    let target = match (tag, digest) {
        (Some(tag), digest) => Target::Tag {
            name: tag.to_owned(),
            digest,
        },
        (None, Some(digest)) => Target::Manifest(digest),
        (None, None) => return None,
    };
    Some(Event {
        id: draft.id.filter(not_empty).map(str::to_owned),
        action,
        registry: draft.registry.filter(not_empty).map(str::to_owned),
        repository: Some(draft.repository).filter(not_empty)?.to_owned(),
        target,
        media_type: media_type.map(str::to_owned),
        at: draft.at,
    })
}

fn is_image(artifact_type: &str) -> bool {
    CONFIGS.contains(&artifact_type) || MANIFESTS.contains(&artifact_type)
}

/// Whether a tag names a signature, an attestation or a bill of materials of another image:
/// `sha256-HEX`, alone or with such an ending.
fn is_attachment(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("sha256-") else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    digits == 64 && (rest.len() == 64 || rest.as_bytes().get(64) == Some(&b'.'))
}

/// A registry's host, and a repository in it: `host/path`.
pub(crate) fn split_host(name: &str) -> Option<(&str, &str)> {
    let name = name
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    name.split_once('/').filter(|(host, _)| !host.is_empty())
}

/// A reference in pieces: repository, tag, digest.
pub(crate) fn split_reference(reference: &str) -> (&str, Option<&str>, Option<&str>) {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag), digest),
        _ => (name, None, digest),
    }
}

/// The host that a URL or a `Host` header names.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?;
    Some(host).filter(|host| !host.is_empty())
}

/// A time of RFC 3339.
pub(crate) fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text?).ok()?;
    Some(time.with_timezone(&Utc))
}

/// A time in seconds.
pub(crate) fn seconds(seconds: Option<i64>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn attachments_are_told_from_tags() {
        let hex = "a".repeat(64);
        for tag in [
            format!("sha256-{hex}.sig"),
            format!("sha256-{hex}"),
            format!("sha256-{hex}.att"),
        ] {
            assert!(is_attachment(&tag), "{tag}");
        }
        for tag in ["sha256-abc", "latest", &format!("sha256-{hex}0"), "sha256-"] {
            assert!(!is_attachment(tag), "{tag}");
        }
    }

    #[test]
    fn references_come_apart() {
        let cases = [
            ("h:5000/a/b:1", ("h:5000/a/b", Some("1"), None)),
            ("h:5000/a", ("h:5000/a", None, None)),
            ("a@sha256:0", ("a", None, Some("sha256:0"))),
            ("a:1@sha256:0", ("a", Some("1"), Some("sha256:0"))),
        ];
        for (text, expected) in cases {
            assert_eq!(split_reference(text), expected, "{text}");
        }
        assert_eq!(host_of("https://h:5000/v2/a"), Some("h:5000"));
        assert_eq!(host_of("h"), Some("h"));
    }

    #[test]
    fn a_digest_in_place_of_a_tag_is_a_digest() {
        let draft = Draft {
            repository: "a",
            tag: Some(DIGEST),
            ..Draft::default()
        };
        let event = read(Action::Push, &draft).unwrap();
        assert_eq!(event.target, Target::Manifest(DIGEST.parse().unwrap()));
    }

    #[test]
    fn more_events_than_one_may_send_are_refused() {
        let mut events = Collector::default();
        let draft = Draft {
            repository: "a",
            tag: Some("1"),
            ..Draft::default()
        };
        for _ in 0..MAX_EVENTS {
            events.push(&draft).unwrap();
        }
        assert!(events.push(&draft).is_err());
    }
}
