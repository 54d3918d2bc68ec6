//! Figures of earlier times, a line of JSON each, so that what got slower shows.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::Measured;
use super::subject::Subject;
use crate::measure::Spread;

/// One time that everything was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    date: String,
    commit: String,
    machine: String,
    images: BTreeMap<String, BTreeMap<String, Spread>>,
}

impl Entry {
    /// What was measured here and now.
    pub fn of(all: &[Measured]) -> Self {
        let images = all.iter().map(|image| (image.tag.clone(), figures(image)));
        Self {
            date: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            commit: commit().unwrap_or_else(|| "unknown".to_owned()),
            machine: machine(),
            images: images.collect(),
        }
    }
}

/// What is compared from one time to the next: ratios, whose sides share the machine's mood, and
/// memory, which does not depend on it.
fn figures(image: &Measured) -> BTreeMap<String, Spread> {
    let [cold, warm, bare_loop, tar] = [
        Subject::Cold,
        Subject::Warm,
        Subject::BareLoop,
        Subject::Tar,
    ]
    .map(|subject| image.runs(subject));
    let figures = [
        ("cold / bare loop", cold.ratio(&bare_loop)),
        ("cold / gzip+tar", cold.ratio(&tar)),
        ("warm / bare loop", warm.ratio(&bare_loop)),
        ("cold MiB", cold.spread(|run| run.memory)),
        ("warm MiB", warm.spread(|run| run.memory)),
    ];
    let named = figures.map(|(name, figure)| (name.to_owned(), figure));
    named.into_iter().collect()
}

fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Processor and cores.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    format!("{model}, {cores} cores")
}

/// Adds an entry to the file.
pub fn append(file: &Path, entry: &Entry) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(entry)?;
    line.push('\n');
    let opened = OpenOptions::new().create(true).append(true).open(file);
    let mut opened = opened.with_context(|| format!("cannot open {}", file.display()))?;
    opened.write_all(line.as_bytes())?;
    Ok(())
}

/// What is worse now than the last time on such a machine, in sentences: the best run now is worse
/// than the worst one was then.
pub fn worse(file: &Path, now: &Entry) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(file);
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    let mut before = None;
    for line in text.lines() {
        let entry: Entry = serde_json::from_str(line)
            .with_context(|| format!("{} is malformed", file.display()))?;
        if entry.machine == now.machine {
            before = Some(entry);
        }
    }
    Ok(before.map_or_else(Vec::new, |before| compare(&before, now)))
}

fn compare(before: &Entry, now: &Entry) -> Vec<String> {
    let mut worse = Vec::new();
    for (tag, figures) in &now.images {
        for (name, figure) in figures {
            let old = before.images.get(tag).and_then(|old| old.get(name));
            if let Some(old) = old.filter(|old| figure.smallest > old.largest) {
                worse.push(format!(
                    "{tag}: {name} is {figure}, was {old} at {}",
                    before.commit
                ));
            }
        }
    }
    worse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(machine: &str, smallest: f64, largest: f64) -> Entry {
        let figure = Spread {
            smallest,
            median: (smallest + largest) / 2.0,
            largest,
        };
        let figures = BTreeMap::from([("cold / bare loop".to_owned(), figure)]);
        Entry {
            date: "2026-01-01T00:00:00Z".to_owned(),
            commit: "abc".to_owned(),
            machine: machine.to_owned(),
            images: BTreeMap::from([("debian".to_owned(), figures)]),
        }
    }

    #[test]
    fn what_is_worse_beyond_the_spread_of_the_last_time_on_such_a_machine_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("history.ndjson");
        append(&file, &entry("mine", 0.1, 0.2)).unwrap();
        append(&file, &entry("mine", 1.0, 1.2)).unwrap();
        append(&file, &entry("other", 5.0, 6.0)).unwrap();
        assert_eq!(
            worse(&file, &entry("mine", 1.1, 2.0)).unwrap(),
            Vec::<String>::new()
        );
        assert_eq!(
            worse(&file, &entry("new", 9.0, 9.0)).unwrap(),
            Vec::<String>::new()
        );
        assert_eq!(
            worse(&file, &entry("mine", 1.3, 1.5)).unwrap(),
            ["debian: cold / bare loop is 1.40 (1.30-1.50), was 1.10 (1.00-1.20) at abc"]
        );
    }
}
