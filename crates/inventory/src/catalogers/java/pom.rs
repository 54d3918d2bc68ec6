//! `pom.xml`: of a package that an archive holds, its licences.
//!
//! Coordinates are taken from the `pom.properties` beside it, where nothing is left to inherit.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// The elements around the name of a licence, and that name.
const WANTED: [&str; 4] = ["project", "licenses", "license", "name"];
const MOST_LICENCES: usize = 20;
const MOST_OF_A_NAME: usize = 300;

/// The licences that a `pom.xml` names, until it ends or stops making sense.
pub fn licences(content: &[u8]) -> Vec<String> {
    let mut reader = Reader::from_reader(content);
    let mut names: Vec<String> = Vec::new();
    // Elements that are open, and how many of them, from the root, are those that are wanted.
    let (mut depth, mut matching) = (0usize, 0usize);
    while let Ok(event) = reader.read_event() {
        let is_name = depth == WANTED.len() && matching == depth;
        match event {
            Event::Start(element) => {
                let wanted = WANTED.get(depth) == Some(&element.name().as_ref());
                if wanted && matching == depth {
                    matching += 1;
                    if matching == WANTED.len() && names.len() < MOST_LICENCES {
                        names.push(String::new());
                    }
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                matching = matching.min(depth);
            }
            Event::Text(text) if is_name => append(&mut names, &text),
            Event::CData(text) if is_name => append(&mut names, &text),
            Event::GeneralRef(entity) if is_name => {
                append(
                    &mut names,
                    resolve_predefined_entity(&entity).unwrap_or_default(),
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let names = names.iter().map(|name| name.split_whitespace());
    let names = names.map(|words| words.collect::<Vec<_>>().join(" "));
    names.filter(|name| !name.is_empty()).collect()
}

fn append(names: &mut [String], text: &str) {
    if let Some(name) = names.last_mut()
        && name.len() + text.len() <= MOST_OF_A_NAME
    {
        name.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_licences_are_taken() {
        let text = "<?xml version=\"1.0\"?>\n<project><name>A</name>\n<licenses>\n\
            <license><name>Apache License,\n  Version 2.0</name><url>u</url></license>\n\
            <license><name>A &amp; B</name></license><license><name/></license></licenses>\n\
            <build><licenses><license><name>no</name></license></licenses></build></project>";
        assert_eq!(
            licences(text.as_bytes()),
            ["Apache License, Version 2.0", "A & B"]
        );
    }

    #[test]
    fn what_is_damaged_gives_what_came_before() {
        let text = "<project><licenses><license><name>MIT</name></license></wrong>";
        assert_eq!(licences(text.as_bytes()), ["MIT"]);
        assert_eq!(licences(b"\xff<"), Vec::<String>::new());
    }
}
