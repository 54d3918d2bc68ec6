//! Quay: tags that were pushed, without digest, time or id. It signs nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::collect::{Collector, Draft, split_host};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "quay",
    title: "Quay",
    origin: Origin::Delivery,
    proofs: &[Proof::Query],
    read,
    settings,
};

#[derive(Deserialize)]
struct Payload {
    repository: String,
    #[serde(default)]
    docker_url: Option<String>,
    updated_tags: Tags,
}

/// A list, or in the older form a map from tags to images.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    List(Vec<String>),
    Map(BTreeMap<String, IgnoredAny>),
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let payload: Payload = delivery.json()?;
    let tags = match payload.updated_tags {
        Tags::List(tags) => tags,
        Tags::Map(tags) => tags.into_keys().collect(),
    };
    let place = payload.docker_url.as_deref().and_then(split_host);
    let mut events = Collector::default();
    for tag in &tags {
        events.push(&Draft {
            registry: place.map(|(host, _)| host),
            repository: &payload.repository,
            tag: Some(tag),
            ..Draft::default()
        })?;
    }
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In Quay: the repository, Settings, Create notification:".to_owned(),
        "When this event occurs: Push to repository".to_owned(),
        "Then issue a notification: Webhook POST".to_owned(),
        format!("Webhook URL: {}", address.with_token()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn both_forms_are_read() {
        let expected =
            "Push - quay.example.com/shop/cart:1.4 -\nPush - quay.example.com/shop/cart:latest -";
        for body in [
            include_str!("../../fixtures/quay.json"),
            include_str!("../../fixtures/quay-2013.json"),
        ] {
            assert_eq!(read("quay", &[], body), expected);
        }
    }
}
