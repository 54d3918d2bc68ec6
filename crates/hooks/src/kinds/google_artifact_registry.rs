//! Google Artifact Registry: messages of a Pub/Sub topic, pushed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::collect::{Collector, Draft, split_host, split_reference, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "google-artifact-registry",
    title: "Google Artifact Registry",
    origin: Origin::Delivery,
    proofs: &[Proof::Query],
    read,
    settings,
};

#[derive(Deserialize)]
struct Push {
    message: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    data: String,
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    publish_time: Option<String>,
}

/// References are whole: host, project, repository, image, and tag or digest.
#[derive(Deserialize)]
struct Change {
    action: String,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    tag: Option<String>,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let Push { message } = delivery.json()?;
    let unreadable = |error: &dyn std::fmt::Display| Unreadable(format!("message.data: {error}"));
    let data = STANDARD
        .decode(&message.data)
        .map_err(|error| unreadable(&error))?;
    let change: Change = serde_json::from_slice(&data).map_err(|error| unreadable(&error))?;
    let mut events = Collector::default();
    let tag = change.tag.as_deref().map(split_reference);
    let digest = change.digest.as_deref().map(split_reference);
    let name = tag.or(digest).map(|(name, ..)| name);
    let Some((registry, repository)) = name.and_then(split_host) else {
        events.ignore();
        return Ok(events.finish().into());
    };
    let draft = Draft {
        id: message.message_id.as_deref(),
        registry: Some(registry),
        repository,
        tag: tag.and_then(|(_, tag, _)| tag),
        digest: digest.and_then(|(_, _, digest)| digest),
        at: time(message.publish_time.as_deref()),
        ..Draft::default()
    };
    match change.action.as_str() {
        "INSERT" => events.push(&draft)?,
        "DELETE" => events.delete(&draft)?,
        _ => events.ignore(),
    }
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In the project of the registry:".to_owned(),
        "gcloud pubsub topics create gcr".to_owned(),
        "gcloud pubsub subscriptions create scanyard --topic gcr --ack-deadline 10 \\".to_owned(),
        format!("  --push-endpoint '{}'", address.with_token()),
    ]
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use crate::testing::read;

    fn message(data: &str) -> String {
        let data = STANDARD.encode(data);
        format!(
            r#"{{"message":{{"data":"{data}","messageId":"7","publishTime":"2024-03-09T14:44:26.5Z"}}}}"#
        )
    }

    #[test]
    fn a_pushed_tag_is_read() {
        let body = include_str!("../../fixtures/google-artifact-registry.json");
        assert_eq!(
            read("google-artifact-registry", &[], body),
            "Push 136969346945 europe-docker.pkg.dev/acme/shop/cart:1.4@aaaa 2024-03-09T14:44:26Z"
        );
    }

    #[test]
    fn deletions_are_those_of_tags_or_of_manifests() {
        let digest = format!(
            "europe-docker.pkg.dev/acme/shop/cart@sha256:{}",
            "a".repeat(64)
        );
        let tag = "europe-docker.pkg.dev/acme/shop/cart:1.4";
        let cases = [
            (
                format!(r#"{{"action":"DELETE","tag":"{tag}"}}"#),
                "cart:1.4",
            ),
            (
                format!(r#"{{"action":"DELETE","digest":"{digest}"}}"#),
                "cart@aaaa",
            ),
        ];
        for (data, target) in cases {
            let expected =
                format!("Delete 7 europe-docker.pkg.dev/acme/shop/{target} 2024-03-09T14:44:26Z");
            assert_eq!(
                read("google-artifact-registry", &[], &message(&data)),
                expected
            );
        }
    }

    #[test]
    fn data_that_is_no_change_is_refused() {
        for body in [message("{}"), r#"{"message":{"data":"%"}}"#.to_owned()] {
            let read = read("google-artifact-registry", &[], &body);
            assert!(read.starts_with("it is no delivery"), "{read}");
        }
    }
}
