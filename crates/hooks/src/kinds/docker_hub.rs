//! Docker Hub: a pushed tag, without a digest. It signs nothing.

use serde::Deserialize;

use crate::collect::{Collector, Draft, seconds};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "docker-hub",
    title: "Docker Hub",
    origin: Origin::Delivery,
    proofs: &[Proof::Query],
    read,
    settings,
};

#[derive(Deserialize)]
struct Payload {
    push_data: PushData,
    repository: Repository,
}

#[derive(Deserialize)]
struct PushData {
    #[serde(default)]
    tag: Option<String>,
    /// Seconds, with or without a fraction.
    #[serde(default)]
    pushed_at: Option<f64>,
}

#[derive(Deserialize)]
struct Repository {
    repo_name: String,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let payload: Payload = delivery.json()?;
    let pushed_at = payload.push_data.pushed_at.map(|at| at as i64);
    let mut events = Collector::default();
    events.push(&Draft {
        registry: Some("docker.io"),
        repository: &payload.repository.repo_name,
        tag: payload.push_data.tag.as_deref(),
        at: seconds(pushed_at),
        ..Draft::default()
    })?;
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "On hub.docker.com: the repository, Webhooks, a new webhook:".to_owned(),
        format!("Webhook URL: {}", address.with_token()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn a_pushed_tag_is_read() {
        let body = include_str!("../../fixtures/docker-hub.json");
        assert_eq!(
            read("docker-hub", &[], body),
            "Push - docker.io/acme/cart:latest 2024-03-09T14:44:26Z"
        );
    }
}
