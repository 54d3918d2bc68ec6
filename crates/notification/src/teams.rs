//! Webhooks of Teams workflows: a message with an adaptive card.

use scanyard_store::Notification;
use serde_json::{Value, json};

use crate::Links;
use crate::cloudevents::TEST;
use crate::wording::{facts, headline, package_line};

/// Packages that are shown. A message takes 28 KB.
const SHOWN: usize = 5;

pub(crate) fn render(notification: &Notification, links: &Links) -> Value {
    let notice = match notification {
        Notification::Test => return card(vec![text(TEST)], None),
        Notification::Changes(notice) => notice,
    };
    let mut title = text(&headline(notice));
    title["weight"] = "bolder".into();
    title["size"] = "medium".into();
    let mut body = vec![title, text(&facts(notice))];
    let packages = notice.examples.iter().take(SHOWN);
    body.extend(packages.map(|package| text(&package_line(package))));
    let link = links.public_url.as_ref().map(|_| links.images_of(notice));
    card(body, link)
}

fn card(body: Vec<Value>, link: Option<String>) -> Value {
    let actions: Vec<Value> = link
        .map(|url| json!({"type": "Action.OpenUrl", "title": "Show", "url": url}))
        .into_iter()
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// Cards read a little Markdown: a link is none without its brackets.
fn text(text: &str) -> Value {
    let plain = text.replace('[', "\\[").replace(']', "\\]");
    json!({"type": "TextBlock", "text": plain, "wrap": true})
}
