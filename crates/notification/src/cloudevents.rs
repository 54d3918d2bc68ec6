//! CloudEvents 1.0, structured JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use scanyard_store::{ChangeNotice, DeliveryId, ImageCount, NoticedPackage, Notification};
use serde_json::{Value, json};

use crate::Links;
use crate::wording::{cut, event_name};

pub(crate) const TEST: &str = "This is a test message of Scanyard.";

pub(crate) fn render(
    id: &DeliveryId,
    created_at: DateTime<Utc>,
    notification: &Notification,
    links: &Links,
) -> Value {
    let (name, subject, time, data) = match notification {
        Notification::Test => ("test", None, created_at, json!({"message": TEST})),
        Notification::Changes(notice) => (
            event_name(notice.kind),
            Some(cut(&notice.vulnerability)),
            notice.at,
            data_of(notice, links),
        ),
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": id.0,
        "source": links.source(),
        "type": format!("io.scanyard.{name}"),
        "time": time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Some(subject) = subject {
        event["subject"] = subject.into();
    }
    event
}

fn data_of(notice: &ChangeNotice, links: &Links) -> Value {
    let examples: Vec<Value> = notice.examples.iter().map(example).collect();
    let mut packages = count(notice.packages);
    packages["examples"] = examples.into();
    json!({
        "vulnerability": cut(&notice.vulnerability),
        "severity": notice.severity.name(),
        "known_exploited": notice.known_exploited,
        "fixable": notice.fixable,
        "revision": notice.revision,
        "images": count(notice.images),
        "images_url": links.images_of(notice),
        "packages": packages,
    })
}

fn example(package: &NoticedPackage) -> Value {
    json!({
        "event_id": package.change.0,
        "package": cut(&package.package),
        "severity": package.severity.name(),
        "severity_before": package.severity_before.map(|severity| severity.name()),
        "fixed_versions": package.fixed_versions.iter().take(10).map(|v| cut(v)).collect::<Vec<_>>(),
    })
}

fn count(count: ImageCount) -> Value {
    json!({"count": count.counted(), "exact": count.is_exact()})
}
