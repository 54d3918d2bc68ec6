//! A message as bytes.

use chrono::{DateTime, Utc};
use scanyard_store::{DeliveryId, MessageForm, Notification};
use serde_json::Value;

use crate::{Links, cloudevents, slack, teams};

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// A message in its form. The same delivery is the same bytes, whenever it is sent.
pub fn render(
    form: MessageForm,
    id: &DeliveryId,
    created_at: DateTime<Utc>,
    notification: &Notification,
    links: &Links,
) -> Message {
    let (content_type, body): (_, Value) = match form {
        MessageForm::CloudEvents => (
            "application/cloudevents+json; charset=utf-8",
            cloudevents::render(id, created_at, notification, links),
        ),
        MessageForm::Slack => ("application/json", slack::render(notification, links)),
        MessageForm::Teams => ("application/json", teams::render(notification, links)),
    };
    Message {
        content_type,
        body: body.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_package::Severity;
    use scanyard_store::{ChangeId, ChangeKind, ChangeNotice, ImageCount, NoticedPackage};
    use url::Url;

    fn notice(package: &str) -> Notification {
        Notification::Changes(ChangeNotice {
            kind: ChangeKind::New,
            vulnerability: "CVE-2024-1".to_owned(),
            revision: 7,
            at: DateTime::UNIX_EPOCH,
            severity: Severity::Critical,
            known_exploited: true,
            fixable: true,
            images: ImageCount::AtLeast(10_000),
            packages: ImageCount::Exactly(1),
            examples: vec![NoticedPackage {
                change: ChangeId(3),
                package: package.to_owned(),
                severity: Severity::Critical,
                severity_before: None,
                fixed_versions: vec!["2.0".to_owned()],
            }],
        })
    }

    fn rendered(form: MessageForm, notification: &Notification) -> Value {
        let links = Links {
            public_url: Some(Url::parse("https://scanyard.example.com/base/").unwrap()),
        };
        let id = DeliveryId("d-1".to_owned());
        let message = render(form, &id, DateTime::UNIX_EPOCH, notification, &links);
        serde_json::from_slice(&message.body).unwrap()
    }

    const LINK: &str = "https://scanyard.example.com/base/v1/vulnerabilities/CVE-2024-1/images";

    #[test]
    fn a_cloudevent_has_its_attributes_and_counts() {
        let event = rendered(MessageForm::CloudEvents, &notice("pkg:deb/debian/a@1"));
        for (name, value) in [
            ("specversion", "1.0"),
            ("id", "d-1"),
            ("source", "https://scanyard.example.com/base"),
            ("type", "io.scanyard.finding.new"),
            ("subject", "CVE-2024-1"),
            ("time", "1970-01-01T00:00:00Z"),
            ("datacontenttype", "application/json"),
        ] {
            assert_eq!(event[name], value, "{name}");
        }
        let data = &event["data"];
        assert_eq!(
            data["images"],
            serde_json::json!({"count": 10000, "exact": false})
        );
        assert_eq!(data["severity"], "critical");
        assert_eq!(data["packages"]["examples"][0]["event_id"], 3);
        assert_eq!(data["images_url"], LINK);
    }

    #[test]
    fn chats_get_a_headline_a_link_and_packages() {
        let headline = "New critical vulnerability CVE-2024-1 in at least 10000 images";
        let slack = rendered(MessageForm::Slack, &notice("pkg:deb/debian/a@1"));
        assert_eq!(slack["text"], headline);
        assert!(slack.to_string().contains(LINK));
        let teams = rendered(MessageForm::Teams, &notice("pkg:deb/debian/a@1"));
        let card = &teams["attachments"][0];
        assert_eq!(
            card["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        assert_eq!(card["content"]["body"][0]["text"], headline);
        assert_eq!(card["content"]["actions"][0]["url"], LINK);
        for message in [slack, teams] {
            let text = message.to_string();
            assert!(text.contains("known to be exploited, fix available, 1 package"));
            assert!(
                text.contains("pkg:deb/debian/a@1 (critical; fixed in 2.0)"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_an_image_says_of_itself_is_no_markup_and_has_a_bound() {
        let hostile = format!("<!channel> [a](http://b) *c* \n {}", "x".repeat(100_000));
        for form in MessageForm::ALL {
            let message = rendered(form, &notice(&hostile)).to_string();
            assert!(message.len() < 4000, "{form:?} {}", message.len());
            if form == MessageForm::Slack {
                assert!(!message.contains("<!channel>"), "{message}");
            }
            if form == MessageForm::Teams {
                assert!(!message.contains("[a](http"), "{message}");
            }
        }
    }

    #[test]
    fn a_test_says_that_it_is_one() {
        for form in MessageForm::ALL {
            let message = rendered(form, &Notification::Test).to_string();
            assert!(message.contains("test message of Scanyard"), "{message}");
        }
    }
}
