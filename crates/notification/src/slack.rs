//! Incoming webhooks of Slack: a text for notifications, and blocks.

use scanyard_store::Notification;
use serde_json::{Value, json};

use crate::Links;
use crate::cloudevents::TEST;
use crate::wording::{facts, headline, package_line};

/// Packages that are shown. A section takes 3,000 characters.
const SHOWN: usize = 5;

pub(crate) fn render(notification: &Notification, links: &Links) -> Value {
    let notice = match notification {
        Notification::Test => return json!({"text": TEST}),
        Notification::Changes(notice) => notice,
    };
    let link = links.images_of(notice);
    let title = match links.public_url {
        Some(_) => format!("*<{}|{}>*", escape(&link), escape(&headline(notice))),
        None => format!("*{}*", escape(&headline(notice))),
    };
    let packages = notice.examples.iter().take(SHOWN);
    let lines: Vec<String> = packages
        .map(|package| format!("• {}", escape(&package_line(package))))
        .collect();
    let text = format!("{title}\n{}\n{}", facts(notice), lines.join("\n"));
    json!({
        "text": escape(&headline(notice)),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    })
}

/// Slack's own three, without which nothing is a mention or a link.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
