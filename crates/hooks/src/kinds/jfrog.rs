//! JFrog Artifactory, events of its Docker domain. They do not say under which host images are
//! pulled.

use serde::Deserialize;

use crate::collect::{Collector, Draft};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

const HEADER: &str = "x-jfrog-event-auth";

pub(super) const FACTS: Facts = Facts {
    name: "jfrog",
    title: "JFrog Artifactory",
    origin: Origin::Hook,
    proofs: &[
        Proof::Signature {
            header: HEADER,
            prefix: "",
        },
        Proof::Header(HEADER),
    ],
    read,
    settings,
};

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    domain: Option<String>,
    event_type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    repo_key: String,
    image_name: String,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
}

/// Newer versions put the event into `data`, older ones do not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Wrapped(Payload),
    Flat {
        event_type: String,
        #[serde(flatten)]
        data: Data,
    },
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let (domain, event_type, data) = match delivery.json()? {
        Either::Wrapped(payload) => (payload.domain, payload.event_type, payload.data),
        Either::Flat { event_type, data } => (None, event_type, data),
    };
    let mut events = Collector::default();
    let is_docker = domain.is_none_or(|domain| domain == "docker");
    let digest = data.sha256.filter(|hex| !hex.is_empty());
    let digest = digest.map(|hex| format!("sha256:{}", hex.trim_start_matches("sha256:")));
    let draft = Draft {
        repository: &format!("{}/{}", data.repo_key, data.image_name),
        tag: data.tag.as_deref(),
        digest: digest.as_deref(),
        ..Draft::default()
    };
    match event_type.as_str() {
        "pushed" | "promoted" if is_docker => events.push(&draft)?,
        "deleted" if is_docker => events.delete(&draft)?,
        _ => events.ignore(),
    }
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In JFrog: Administration, General, Webhooks, New webhook:".to_owned(),
        format!("URL: {}", address.url),
        "Events: Docker: tag was pushed, tag was deleted".to_owned(),
        format!("Secret token: {}", address.secret),
        "Use secret for payload signing: yes".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    #[test]
    fn both_forms_are_read() {
        let body = include_str!("../../fixtures/jfrog.json");
        assert_eq!(
            read("jfrog", &[], body),
            "Push - -/docker-local/shop/cart:1.4@aaaa -"
        );
        let flat = format!(
            r#"{{"repo_key":"docker-local","event_type":"deleted","path":"shop/cart/1.4/manifest.json",
                "sha256":"{}","image_name":"shop/cart","tag":"1.4"}}"#,
            "a".repeat(64)
        );
        assert_eq!(
            read("jfrog", &[], &flat),
            "Delete - -/docker-local/shop/cart:1.4@aaaa -"
        );
        let other = body.replace("\"docker\"", "\"artifact\"");
        assert_eq!(read("jfrog", &[], &other), "ignored 1");
    }
}
