//! XML one element at a time: nothing of a document is kept but what a reader asks for.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::SourceError;

/// Bytes of one tag or text; a longer one is no feed's.
const MAX_EVENT: usize = 8 << 20;
/// Elements within elements.
const MAX_DEPTH: usize = 256;

/// What is met on the way through a document.
pub(super) enum Met<'a> {
    /// An element begins; its name without prefix.
    Start(&'a str, Attributes<'a>),
    /// The text of the innermost element, by the element's name.
    Text(&'a str, &'a str),
    /// An element ends.
    End(&'a str),
}

/// The attributes of an element.
pub(super) struct Attributes<'a>(&'a BytesStart<'a>);

impl Attributes<'_> {
    /// An attribute's value; empty if there is none of this name.
    pub(super) fn get(&self, name: &str) -> String {
        let attributes = self.0.attributes().flatten();
        attributes
            .filter(|attribute| attribute.key.local_name().as_ref() == name)
            .map(|attribute| unescape(&attribute.value))
            .next()
            .unwrap_or_default()
    }
}

/// Tells `visit` of everything in a document. An empty element begins and ends.
pub(super) fn walk(
    source: impl BufRead,
    mut visit: impl FnMut(Met<'_>),
) -> Result<(), SourceError> {
    let mut reader = Reader::from_reader(source);
    let mut buffer = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| SourceError::Format(error.to_string()))? {
            Event::Start(start) => {
                let name = local_name(&start);
                visit(Met::Start(&name, Attributes(&start)));
                open.push(name);
                text.clear();
            }
            Event::Empty(start) => {
                let name = local_name(&start);
                visit(Met::Start(&name, Attributes(&start)));
                visit(Met::End(&name));
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(name) => push_reference(&name, &mut text),
            Event::End(_) => {
                if let Some(name) = open.pop() {
                    visit(Met::Text(&name, text.trim()));
                    visit(Met::End(&name));
                }
                text.clear();
            }
            Event::Eof if open.is_empty() => return Ok(()),
            Event::Eof => return Err(SourceError::Format("it ends too early".to_owned())),
            _ => {}
        }
        if open.len() > MAX_DEPTH || text.len() > MAX_EVENT || buffer.len() > MAX_EVENT {
            return Err(SourceError::Format(
                "it is nested or long beyond reason".to_owned(),
            ));
        }
    }
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

/// Entities that a document declares itself are not read: they can grow without bound.
fn push_reference(name: &str, text: &mut String) {
    let number = name
        .strip_prefix('#')
        .and_then(|number| match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        });
    let character = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number.and_then(char::from_u32),
    };
    text.extend(character);
}

fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        rest = match after.split_once(';') {
            Some((name, after)) => {
                push_reference(name, &mut plain);
                after
            }
            None => after,
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(xml: &str) -> Result<String, SourceError> {
        let mut said = String::new();
        walk(xml.as_bytes(), |met| match met {
            Met::Start(name, attributes) => said += &format!("<{name} {}>", attributes.get("id")),
            Met::Text(name, text) => said += &format!("[{name}={text}]"),
            Met::End(name) => said += &format!("</{name}>"),
        })?;
        Ok(said)
    }

    #[test]
    fn elements_are_told_in_order_with_their_own_text() {
        let said = met(
            "<?xml version='1.0'?><a xmlns:o='u' o:id='1&amp;2'><o:b>x &lt; y</o:b><c id='3'/></a>",
        );
        assert_eq!(said.unwrap(), "<a 1&2><b >[b=x < y]</b><c 3></c>[a=]</a>");
    }

    #[test]
    fn declared_entities_do_not_grow() {
        let bomb = "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;'>]><a>&y;</a>";
        assert_eq!(met(bomb).unwrap(), "<a >[a=]</a>");
    }

    #[test]
    fn documents_that_are_cut_or_nested_without_end_are_refused() {
        let whole = "<a id='1'><b>text</b><c/></a>";
        for length in 1..whole.len() {
            assert!(met(&whole[..length]).is_err(), "{length}");
        }
        assert!(met(&"<a>".repeat(10_000)).is_err());
    }
}
