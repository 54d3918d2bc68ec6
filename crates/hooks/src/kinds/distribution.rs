//! CNCF Distribution: an envelope of events, layers and pulls among them.

use serde::Deserialize;

use crate::collect::{Collector, Draft, host_of, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "distribution",
    title: "CNCF Distribution",
    origin: Origin::Delivery,
    proofs: &[Proof::Authorization],
    read,
    settings,
};

#[derive(Deserialize)]
struct Envelope {
    events: Vec<Event>,
}

/// An event, which some senders deliver without the envelope.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    target: EventTarget,
    #[serde(default)]
    request: Request,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct EventTarget {
    media_type: Option<String>,
    digest: Option<String>,
    repository: String,
    url: Option<String>,
    tag: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Request {
    host: Option<String>,
}

pub(super) fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let envelope: Envelope = delivery.json()?;
    let mut events = Collector::default();
    for event in &envelope.events {
        collect(&mut events, event)?;
    }
    Ok(events.finish().into())
}

/// Tells a push of a manifest from that of a layer by its media type, which always has one; a
/// deletion has none.
pub(super) fn collect(events: &mut Collector, event: &Event) -> Result<(), Unreadable> {
    let target = &event.target;
    let host = event
        .request
        .host
        .as_deref()
        .filter(|host| !host.is_empty());
    let draft = Draft {
        id: event.id.as_deref(),
        registry: host.or_else(|| host_of(target.url.as_deref()?)),
        repository: &target.repository,
        tag: target.tag.as_deref(),
        digest: target.digest.as_deref(),
        media_type: target.media_type.as_deref(),
        artifact_type: None,
        at: time(event.timestamp.as_deref()),
    };
    match event.action.as_str() {
        "push" if draft.media_type.is_some_and(|name| !name.is_empty()) => events.push(&draft),
        "delete" => events.delete(&draft),
        _ => {
            events.ignore();
            Ok(())
        }
    }
}

fn settings(address: &Address<'_>) -> Vec<String> {
    endpoint(address)
}

/// The registry's configuration.
pub(super) fn endpoint(address: &Address<'_>) -> Vec<String> {
    vec![
        "In the registry's config.yml:".to_owned(),
        "notifications:".to_owned(),
        "  endpoints:".to_owned(),
        "    - name: scanyard".to_owned(),
        format!("      url: {}", address.url),
        "      headers:".to_owned(),
        format!("        Authorization: [Bearer {}]", address.secret),
        "      timeout: 2s".to_owned(),
        "      threshold: 5".to_owned(),
        "      backoff: 5s".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn manifests_are_told_from_layers_pulls_and_attachments() {
        let body = include_str!("../../fixtures/distribution.json");
        assert_eq!(
            read("distribution", &[], body),
            "Push 320678d8-ca14-430f-8bb6-4ca139cd83f7 registry.example.com:5000/shop/cart:1.4@aaaa 2024-03-09T14:44:26Z\n\
             Delete 5e6f1a77-4d39-4a6e-9a2e-14f0e9a9d2b1 registry.example.com:5000/shop/cart@aaaa 2024-03-10T09:00:00Z\n\
             Delete 8d1d0c0e-9a52-4e0f-8d5c-5b1f2b0d4c11 registry.example.com:5000/shop/cart:old 2024-03-10T09:01:00Z\n\
             ignored 4"
        );
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in ["", "{}", "[]", r#"{"events":{}}"#, r#"{"events":[1]}"#] {
            assert!(
                read("distribution", &[], body).starts_with("it is no delivery"),
                "{body}"
            );
        }
    }
}
