//! The public comparison vectors of the shared corpus, when it is there.

use std::cmp::Ordering;
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

/// Vectors on which we differ, each with its reason, by scheme.
fn tolerated(scheme: Scheme) -> usize {
    match scheme {
        _ => 0,
    }
}

#[test]
fn every_vector_of_the_corpus_has_our_answer() {
    let Some(dir) = corpus() else { return };
    let mut failures = Vec::new();
    for (scheme, name) in Scheme::ALL {
        let Ok(text) = std::fs::read_to_string(dir.join(format!("{name}.tsv"))) else {
            failures.push(format!("{name}: no vectors"));
            continue;
        };
        let wrong: Vec<String> = text
            .lines()
            .filter_map(|line| wrong_answer(scheme, line))
            .collect();
        if wrong.len() > tolerated(scheme) {
            let sample = wrong
                .iter()
                .take(12)
                .cloned()
                .collect::<Vec<_>>()
                .join("\n  ");
            failures.push(format!(
                "{name}: {} of {}\n  {sample}",
                wrong.len(),
                text.lines().count()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn wrong_answer(scheme: Scheme, line: &str) -> Option<String> {
    let [left, op, right] = line.split('\t').collect::<Vec<_>>()[..] else {
        return Some(format!("not a vector: {line}"));
    };
    let expected = match op {
        "<" => Ordering::Less,
        ">" => Ordering::Greater,
        _ => Ordering::Equal,
    };
    let answer = compare(scheme, left, right);
    (answer != Ok(expected)).then(|| format!("{line} but {answer:?}"))
}
