//! The figures as Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Measured;
use super::subject::Subject;

/// Tables of all images: what a scan costs beside the least that it could, beside its peers, and
/// where the time of a cold scan goes.
pub fn markdown(all: &[Measured]) -> String {
    let mut text = costs(all);
    for peer in Subject::ALL.into_iter().filter(|subject| subject.is_peer()) {
        if all.iter().any(|image| image.runs.contains_key(&peer)) {
            text.push('\n');
            text.push_str(&beside(peer, all));
        }
    }
    text.push('\n');
    text.push_str(&stages(all));
    text
}

/// A row of cells. Writing to a string cannot fail.
fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn header(text: &mut String, names: &[&str]) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    row(text, &names);
    row(text, &vec!["---".to_owned(); names.len()]);
}

fn costs(all: &[Measured]) -> String {
    let mut text = String::new();
    header(
        &mut text,
        &[
            "image",
            "cold s",
            "cpu s",
            "MiB",
            "warm ms",
            "warm MiB",
            "bare loop s",
            "bare loop cpu s",
            "cold / bare loop",
            "gzip+tar s",
            "cold / gzip+tar",
        ],
    );
    for image in all {
        let [cold, warm, bare_loop, tar] = [
            Subject::Cold,
            Subject::Warm,
            Subject::BareLoop,
            Subject::Tar,
        ]
        .map(|subject| image.runs(subject));
        row(
            &mut text,
            &[
                image.tag.clone(),
                format!("{:.3}", cold.median(|run| run.wall)),
                format!("{:.2}", cold.median(|run| run.cpu)),
                format!("{:.0}", cold.median(|run| run.memory)),
                format!("{:.0}", 1000.0 * warm.median(|run| run.wall)),
                format!("{:.0}", warm.median(|run| run.memory)),
                format!("{:.3}", bare_loop.median(|run| run.wall)),
                format!("{:.2}", bare_loop.median(|run| run.cpu)),
                cold.ratio(&bare_loop).to_string(),
                format!("{:.2}", tar.median(|run| run.wall)),
                cold.ratio(&tar).to_string(),
            ],
        );
    }
    text
}

fn beside(peer: Subject, all: &[Measured]) -> String {
    let mut text = String::new();
    let name = peer.name();
    let seconds = format!("{name} s");
    let time = format!("{name} / cold");
    header(
        &mut text,
        &["image", &seconds, "cpu s", "MiB", &time, "of its memory"],
    );
    for image in all {
        let (cold, runs) = (image.runs(Subject::Cold), image.runs(peer));
        let memory = cold.median(|run| run.memory) / runs.median(|run| run.memory);
        row(
            &mut text,
            &[
                image.tag.clone(),
                format!("{:.2}", runs.median(|run| run.wall)),
                format!("{:.2}", runs.median(|run| run.cpu)),
                format!("{:.0}", runs.median(|run| run.memory)),
                runs.ratio(&cold).to_string(),
                format!("{memory:.2}"),
            ],
        );
    }
    text
}

fn stages(all: &[Measured]) -> String {
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(|image| image.stages.keys().map(String::as_str))
        .collect();
    let mut columns = vec!["ms of threads"];
    columns.extend(&names);
    let mut text = String::new();
    header(&mut text, &columns);
    for image in all {
        let of = |name: &&str| image.stages.get(*name).copied().unwrap_or_default();
        let mut cells = vec![image.tag.clone()];
        cells.extend(names.iter().map(|name| format!("{:.1}", of(name))));
        row(&mut text, &cells);
    }
    text
}
