//! A feed's files in, records out, as one text.

use std::fs::File;

use super::feed::Content;
use super::feed_file::tests::files;
use crate::record::file::{Frame, RecordWriter, scan};
use crate::record::{Affected, EventKind, Record};

/// Reads files as a feed and compares what it says, in order of the ids.
pub(super) fn check_records(content: Content, contents: &[(&str, &str)], expected: &str) {
    let bytes: Vec<_> = contents
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let said = read(&content, &bytes).unwrap_or_else(|error| error.to_string());
    let expected: Vec<_> = expected.lines().skip(1).collect();
    let indent = expected
        .first()
        .map_or(0, |line| line.len() - line.trim_start().len());
    let expected: Vec<_> = expected
        .iter()
        .filter_map(|line| line.get(indent..))
        .collect();
    assert_eq!(said.trim_end(), expected.join("\n").trim_end(), "\n{said}");
    hostile(&content, &bytes);
}

fn read(content: &Content, contents: &[(&str, &[u8])]) -> Result<String, super::SourceError> {
    let Content::Records(read) = content else {
        return Ok(String::new());
    };
    let (directory, files) = files(contents);
    let path = directory.path().join("records");
    let mut writer = RecordWriter::new(File::create(&path).unwrap()).unwrap();
    read(&files, &mut writer)?;
    writer.finish().unwrap();
    let mut said = Vec::new();
    scan(&path, |_, frame: Frame<'_>| {
        said.push(match frame.unreadable() {
            // After the records, whatever their ids.
            Some((id, _)) => format!("unreadable {id}\n"),
            None => shown(&Record::decode(frame.record().unwrap()).unwrap()),
        });
        Ok(())
    })
    .unwrap();
    said.sort();
    Ok(said.concat())
}

fn shown(record: &Record) -> String {
    let mut line = record.id.clone();
    for (name, ids) in [("upstream", &record.upstream), ("aliases", &record.aliases)] {
        if !ids.is_empty() {
            line += &format!(" {name} {}", ids.join(" "));
        }
    }
    if record.rating.severity != scanyard_package::Severity::Unknown {
        line += &format!(" {}", record.rating.severity);
    }
    if !record.summary.is_empty() {
        line += &format!(" summary {}", record.summary);
    }
    line.push('\n');
    record
        .affected
        .iter()
        .fold(line, |line, entry| line + "  " + &shown_entry(entry) + "\n")
}

fn shown_entry(entry: &Affected) -> String {
    let mut parts = vec![format!("{} {}", entry.ecosystem, entry.name)];
    for range in &entry.ranges {
        let end = range
            .events
            .iter()
            .find(|event| event.kind == EventKind::Fixed);
        parts.push(match end {
            Some(end) => format!("0 to {}", end.version),
            None => "0 on".to_owned(),
        });
    }
    parts.extend(
        entry
            .urgency
            .iter()
            .map(|urgency| format!("urgency {urgency}")),
    );
    parts.extend(
        entry
            .disposition
            .map(|disposition| disposition.name().to_owned()),
    );
    let specifics = entry.specifics.iter();
    parts.extend(specifics.map(|(name, values)| format!("{name} {}", values.join(" "))));
    parts.join(" | ")
}

/// Whatever is cut or changed, a reader reads on or refuses.
fn hostile(content: &Content, contents: &[(&str, &[u8])]) {
    let Some((name, bytes)) = contents.first() else {
        return;
    };
    for at in (0..bytes.len()).step_by(bytes.len() / 24 + 1) {
        let _ = read(content, &[(name, &bytes[..at])]);
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 0x15;
        let _ = read(content, &[(name, &flipped)]);
    }
}
