//! Lines for people, out of what the service tells.

use serde_json::Value;

use crate::exit::printable;

/// An event on a line.
pub fn event_line(event: &Value) -> String {
    format!(
        "{}  {:15}  {:10}  {:20}  {:>8}  {}",
        text(&event["time"]),
        text(&event["kind"]),
        text(&event["severity"]),
        text(&event["vulnerability"]),
        image_count(&event["images"]),
        text(&event["package"]),
    )
}

/// What the columns of an event are.
pub const EVENT_HEADER: &str = "TIME                         KIND             SEVERITY    VULNERABILITY           IMAGES  PACKAGE";

/// `12`, or `1000+` where counting ended there.
fn image_count(images: &Value) -> String {
    let more = if images["exact"] == false { "+" } else { "" };
    format!("{}{more}", images["count"].as_u64().unwrap_or_default())
}

/// An entry of an image's history on a line.
pub fn history_line(entry: &Value) -> String {
    let kind = text(&entry["kind"]);
    let detail = match kind.as_str() {
        "tag.added" | "tag.removed" => {
            let tag = &entry["tag"];
            format!("{}:{}", text(&tag["repository"]), text(&tag["name"]))
        }
        "image.cataloged" => format!("{} packages", entry["packages"]),
        kind if kind.starts_with("finding.") => {
            let finding = match &entry["after"] {
                Value::Null => &entry["before"],
                after => after,
            };
            format!(
                "{} ({})  {}",
                text(&entry["vulnerability"]),
                text(&finding["severity"]),
                text(&entry["package"])
            )
        }
        _ => String::new(),
    };
    let line = format!("{}  {kind:16}  {detail}", text(&entry["time"]));
    line.trim_end().to_owned()
}

/// A subscription on a line.
pub fn subscription_line(subscription: &Value) -> String {
    format!(
        "{}  {:7}  {:11}  {:>7}  {:>5}  {}  {}",
        text(&subscription["id"]),
        text(&subscription["state"]),
        text(&subscription["form"]),
        subscription["waiting"].as_u64().unwrap_or_default(),
        subscription["dead"].as_u64().unwrap_or_default(),
        text(&subscription["address"]),
        text(&subscription["name"]),
    )
}

/// What the columns of a subscription are.
pub const SUBSCRIPTION_HEADER: &str =
    "ID                                    STATE    FORM         WAITING   DEAD  ADDRESS  NAME";

/// What became of a message.
pub fn delivery_line(delivery: &Value) -> String {
    let state = text(&delivery["state"]);
    match (&delivery["problem"], delivery["status"].as_u64()) {
        (Value::String(problem), _) => format!("{state}: {}", printable(problem)),
        (_, Some(status)) => format!("{state}: the receiver answered {status}"),
        _ => state,
    }
}

fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_from_images_cannot_move_the_cursor() {
        let event = json!({"time": "2026-01-01T00:00:00Z", "kind": "finding.new",
            "severity": "high", "vulnerability": "CVE-1", "package": "pkg:\u{1b}[2Ja@1\n",
            "images": {"count": 1000, "exact": false}});
        let line = event_line(&event);
        assert!(line.contains("1000+") && line.contains("CVE-1"), "{line}");
        assert!(!line.contains(['\u{1b}', '\n']), "{line:?}");
    }

    #[test]
    fn every_kind_of_history_has_its_words() {
        let line = |entry| history_line(&entry);
        assert_eq!(
            line(json!({"time": "T", "kind": "image.first_seen"})),
            "T  image.first_seen"
        );
        let tagged = json!({"time": "T", "kind": "tag.added",
            "tag": {"repository": "a/b", "name": "1"}});
        assert_eq!(line(tagged), "T  tag.added         a/b:1");
        let fixed = json!({"time": "T", "kind": "finding.fixed", "vulnerability": "CVE-1",
            "package": "pkg:a", "before": {"severity": "high"}, "after": null});
        assert_eq!(line(fixed), "T  finding.fixed     CVE-1 (high)  pkg:a");
    }
}
