//! Amazon ECR through EventBridge.

use serde::Deserialize;

use crate::collect::{Collector, Draft, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "ecr",
    title: "Amazon ECR",
    origin: Origin::Delivery,
    proofs: &[Proof::Authorization],
    read,
    settings,
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    detail_type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    detail: Detail,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Detail {
    result: String,
    repository_name: String,
    image_digest: Option<String>,
    action_type: String,
    image_tag: Option<String>,
    manifest_media_type: Option<String>,
    artifact_media_type: Option<String>,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let event: Event = delivery.json()?;
    let detail = &event.detail;
    let mut events = Collector::default();
    let draft = Draft {
        id: event.id.as_deref(),
        registry: Some(&host(&event)),
        repository: &detail.repository_name,
        tag: detail.image_tag.as_deref(),
        digest: detail.image_digest.as_deref(),
        media_type: detail.manifest_media_type.as_deref(),
        artifact_type: detail.artifact_media_type.as_deref(),
        at: time(event.time.as_deref()),
    };
    let succeeded = event.detail_type == "ECR Image Action" && detail.result == "SUCCESS";
    match detail.action_type.as_str() {
        "PUSH" if succeeded => events.push(&draft)?,
        "DELETE" if succeeded => events.delete(&draft)?,
        _ => events.ignore(),
    }
    Ok(events.finish().into())
}

fn host(event: &Event) -> String {
    let suffix = match event.region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("{}.dkr.ecr.{}.{suffix}", event.account, event.region)
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In Amazon EventBridge:".to_owned(),
        "Connection: API key, name Authorization, value as below".to_owned(),
        format!("  Bearer {}", address.secret),
        format!("API destination: POST {}", address.url),
        r#"Rule pattern: {"source":["aws.ecr"],"detail-type":["ECR Image Action"]}"#.to_owned(),
        "Target: that API destination; input: the matched event".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    const BODY: &str = include_str!("../../fixtures/ecr.json");

    #[test]
    fn pushes_and_deletions_are_read() {
        let place = "85fc3613-e913-7fc4-a80c-a3753e4aa9ae 123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/cart:1.4@aaaa 2024-03-09T14:44:26Z";
        assert_eq!(read("ecr", &[], BODY), format!("Push {place}"));
        let deleted = BODY.replace("\"PUSH\"", "\"DELETE\"");
        assert_eq!(read("ecr", &[], &deleted), format!("Delete {place}"));
    }

    #[test]
    fn charts_scans_and_failures_are_ignored() {
        let others = [
            ("SUCCESS", "FAILURE"),
            ("ECR Image Action", "ECR Image Scan"),
            (
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.cncf.helm.config.v1+json",
            ),
        ];
        for (from, to) in others {
            assert_eq!(
                read("ecr", &[], &BODY.replace(from, to)),
                "ignored 1",
                "{to}"
            );
        }
    }
}
