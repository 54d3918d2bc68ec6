//! Zot: CloudEvents, their attributes in headers or around the data.

use serde::Deserialize;

use crate::collect::{Collector, Draft, time};
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "zot",
    title: "Zot",
    origin: Origin::Hook,
    proofs: &[Proof::Authorization],
    read,
    settings,
};

#[derive(Deserialize)]
struct Structured {
    r#type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    time: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    name: String,
    /// A tag or a digest.
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    media_type: Option<String>,
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let event = match delivery.header("ce-type") {
        Some(word) => Structured {
            r#type: word.to_owned(),
            id: delivery.header("ce-id").map(str::to_owned),
            time: delivery.header("ce-time").map(str::to_owned),
            data: delivery.json()?,
        },
        None => delivery.json()?,
    };
    let data = &event.data;
    let draft = Draft {
        id: event.id.as_deref(),
        repository: &data.name,
        tag: data.reference.as_deref(),
        digest: data.digest.as_deref(),
        media_type: data.media_type.as_deref(),
        at: time(event.time.as_deref()),
        ..Draft::default()
    };
    let mut events = Collector::default();
    match event.r#type.as_str() {
        "zotregistry.image.updated" => events.push(&draft)?,
        "zotregistry.image.deleted" => events.delete(&draft)?,
        _ => events.ignore(),
    }
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "In zot's config.json, under extensions:".to_owned(),
        r#""events": { "enable": true, "sinks": [{ "type": "http","#.to_owned(),
        format!(r#"  "address": "{}", "timeout": "2s","#, address.url),
        format!(
            r#"  "credentials": {{ "token": "{}" }} }}] }}"#,
            address.secret
        ),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    const HEADERS: [(&str, &str); 4] = [
        ("ce-specversion", "1.0"),
        ("ce-type", "zotregistry.image.updated"),
        ("ce-id", "b7c1"),
        ("ce-time", "2024-03-09T14:44:26Z"),
    ];
    const EXPECTED: &str = "Push b7c1 -/shop/cart:1.4@aaaa 2024-03-09T14:44:26Z";

    #[test]
    fn both_modes_are_read() {
        let body = include_str!("../../fixtures/zot.json");
        assert_eq!(read("zot", &HEADERS, body), EXPECTED);
        let structured = format!(
            r#"{{"specversion":"1.0","id":"b7c1","source":"zotregistry.dev","time":"2024-03-09T14:44:26Z",
                "type":"zotregistry.image.updated","data":{body}}}"#
        );
        assert_eq!(read("zot", &[], &structured), EXPECTED);
        let deleted = structured.replace("image.updated", "image.deleted");
        assert_eq!(
            read("zot", &[], &deleted),
            EXPECTED.replace("Push", "Delete")
        );
    }
}
