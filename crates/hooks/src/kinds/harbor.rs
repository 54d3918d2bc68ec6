//! Harbor: its own form, or CloudEvents around the same data.

use serde::Deserialize;

use crate::collect::{Collector, Draft, seconds, split_host, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "harbor",
    title: "Harbor",
    origin: Origin::Delivery,
    proofs: &[Proof::Authorization],
    read,
    settings,
};

/// Either form: CloudEvents have an id, a time and `data`.
#[derive(Deserialize)]
struct Payload {
    r#type: String,
    id: Option<String>,
    time: Option<String>,
    occur_at: Option<i64>,
    event_data: Option<Data>,
    data: Option<Data>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    resources: Vec<Resource>,
    repository: Repository,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    digest: Option<String>,
    tag: Option<String>,
    resource_url: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Repository {
    repo_full_name: String,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let payload: Payload = delivery.json()?;
    let mut events = Collector::default();
    let pushed = match payload.r#type.as_str() {
        "PUSH_ARTIFACT" | "harbor.artifact.pushed" => true,
        "DELETE_ARTIFACT" | "harbor.artifact.deleted" => false,
        _ => {
            events.ignore();
            return Ok(events.finish().into());
        }
    };
    let data = payload.event_data.or(payload.data);
    let data = data.ok_or_else(|| Unreadable("there is no event_data and no data".to_owned()))?;
    for resource in &data.resources {
        let url = resource.resource_url.as_deref();
        let draft = Draft {
            id: payload.id.as_deref(),
            registry: url.and_then(split_host).map(|(host, _)| host),
            repository: &data.repository.repo_full_name,
            // What is deleted is the artifact; its tags go with it.
            tag: resource.tag.as_deref().filter(|_| pushed),
            digest: resource.digest.as_deref(),
            at: time(payload.time.as_deref()).or_else(|| seconds(payload.occur_at)),
            ..Draft::default()
        };
        match pushed {
            true => events.push(&draft)?,
            false => events.delete(&draft)?,
        }
    }
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In Harbor: the project, Webhooks, New webhook:".to_owned(),
        "Notify type: http".to_owned(),
        "Payload format: CloudEvents (or Default)".to_owned(),
        "Event type: Artifact pushed, Artifact deleted".to_owned(),
        format!("Endpoint URL: {}", address.url),
        format!("Auth header: Bearer {}", address.secret),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn its_own_form_is_read() {
        let body = include_str!("../../fixtures/harbor-default.json");
        assert_eq!(
            read("harbor", &[], body),
            "Push - harbor.example.com/shop/cart:1.4@aaaa 2024-03-09T14:44:26Z\n\
             Push - harbor.example.com/shop/cart:latest@aaaa 2024-03-09T14:44:26Z"
        );
    }

    #[test]
    fn cloud_events_are_read() {
        let body = include_str!("../../fixtures/harbor-cloudevents.json");
        assert_eq!(
            read("harbor", &[], body),
            "Push 66e18103-09c1-41f6-982f-37df223f3eeb harbor.example.com/shop/cart@bbbb 2024-03-09T14:44:26Z"
        );
    }

    #[test]
    fn a_deletion_is_that_of_the_artifact() {
        let body = include_str!("../../fixtures/harbor-delete.json");
        assert_eq!(
            read("harbor", &[], body),
            "Delete - harbor.example.com/shop/cart@aaaa 2024-03-09T15:00:00Z"
        );
    }

    #[test]
    fn other_types_are_ignored() {
        let body =
            r#"{"type":"SCANNING_COMPLETED","occur_at":1,"operator":"auto","event_data":{}}"#;
        assert_eq!(read("harbor", &[], body), "ignored 1");
    }
}
