//! Deliveries in, events out, both as text.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Answer, Delivery, Event, Kind, Target};

/// What a kind reads out of a body: a line for each event, and one that counts the rest.
pub(crate) fn read(kind: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let delivery = Delivery {
        headers: &map,
        body: body.as_bytes(),
    };
    match Kind::from_name(kind).unwrap().read(&delivery) {
        Ok(Answer::Events(received)) => {
            let lines = received.events.iter().map(write);
            let ignored = (received.ignored > 0).then(|| format!("ignored {}", received.ignored));
            lines.chain(ignored).collect::<Vec<_>>().join("\n")
        }
        Ok(Answer::Handshake { code }) => format!("handshake {code}"),
        Err(error) => error.to_string(),
    }
}

/// `Push id host/repository:tag@short-digest time`, `-` for what is not said.
fn write(event: &Event) -> String {
    let short = |digest: &scanyard_package::Digest| digest.to_hex()[..4].to_owned();
    let target = match &event.target {
        Target::Tag { name, digest: None } => format!(":{name}"),
        Target::Tag {
            name,
            digest: Some(digest),
        } => format!(":{name}@{}", short(digest)),
        Target::Manifest(digest) => format!("@{}", short(digest)),
    };
    format!(
        "{:?} {} {}/{}{target} {}",
        event.action,
        event.id.as_deref().unwrap_or("-"),
        event.registry.as_deref().unwrap_or("-"),
        event.repository,
        event
            .at
            .map_or("-".to_owned(), |at| at.format("%FT%TZ").to_string()),
    )
}
