//! The public comparison vectors of the shared corpus, when it is there.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::path::PathBuf;

use scanyard_version::{Scheme, compare};

fn corpus() -> Option<PathBuf> {
    let dir = std::env::var_os("SCANYARD_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let versions = dir.join("corpus/versions");
    if versions.is_dir() {
        return Some(versions);
    }
    eprintln!("SKIPPED: no shared corpus at {}", versions.display());
    None
}

/// How one file of vectors went.
#[derive(Default)]
struct Tally {
    exact: usize,
    wrong: usize,
    error: usize,
    sample: String,
}

impl Tally {
    fn of(scheme: Scheme, text: &str) -> Self {
        let mut tally = Self::default();
        for line in text.lines() {
            tally.put(scheme, line);
        }
        tally
    }

    fn put(&mut self, scheme: Scheme, line: &str) {
        let [left, op, right] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not a vector: {line}");
        };
        let expected = match op {
            "<" => Ordering::Less,
            ">" => Ordering::Greater,
            _ => Ordering::Equal,
        };
        let answer = compare(scheme, left, right);
        match &answer {
            Ok(order) if *order == expected => {
                self.exact += 1;
                return;
            }
            Ok(_) => self.wrong += 1,
            Err(_) => self.error += 1,
        }
        if self.wrong + self.error <= 12 {
            let _ = write!(self.sample, "\n  {line} but {answer:?}");
        }
    }
}

#[test]
fn every_vector_of_the_corpus_has_our_answer() {
    let Some(dir) = corpus() else { return };
    let mut failures = String::new();
    for (scheme, name) in Scheme::ALL {
        let path = dir.join(format!("{name}.tsv"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            failures += &format!("\n{name}: no vectors");
            continue;
        };
        let tally = Tally::of(scheme, &text);
        println!(
            "{name}: {} exact, {} wrong, {} error",
            tally.exact, tally.wrong, tally.error
        );
        if tally.wrong + tally.error > 0 {
            failures += &format!("\n{name}:{}", tally.sample);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
