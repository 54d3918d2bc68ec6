//! Figures as a table and as JSON.

use std::fs;
use std::path::Path;

use super::steps::Measured;

/// Writes them as JSON.
pub fn save(all: &[Measured], path: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = path {
        fs::write(path, serde_json::to_vec_pretty(all)?)?;
    }
    Ok(())
}

/// Prints a Markdown table with a column for each fleet.
pub fn print(all: &[Measured]) {
    row("", all, |m| format!("{} {}", m.store, m.images));
    row("---", all, |_| "---".to_owned());
    row("package sets", all, |m| m.package_sets.to_string());
    row("distinct packages", all, |m| m.packages.to_string());
    row("written, s", all, |m| format!("{:.0}", m.writing));
    row("first rescan, s", all, |m| format!("{:.1}", m.first_rescan));
    row("delta rescan, s", all, |m| format!("{:.2}", m.delta_rescan));
    row("packages matched by it", all, |m| {
        m.delta_packages.to_string()
    });
    row("changes; summaries", all, |m| {
        format!("{}; {}", m.delta_changes, m.delta_summaries)
    });
    row("every image by itself, one core, s", all, |m| {
        format!("{:.0}", m.one_by_one)
    });
    row("that, on two cores, / delta rescan", all, |m| {
        format!("{:.0}", m.one_by_one / 2.0 / m.delta_rescan)
    });
    row("full rescan, s", all, |m| format!("{:.1}", m.full_rescan));
    row("its peak memory, MiB", all, |m| m.full_peak_mib.to_string());
    let names = all
        .first()
        .map(|first| &first.questions)
        .into_iter()
        .flatten();
    for (place, question) in names.enumerate() {
        let name = format!("{}, p50 / p95 / p99 (first), ms", question.name);
        row(&name, all, |m| times(m.questions.get(place)));
    }
    row("the first of them during a full rescan", all, |m| {
        times(m.meanwhile.as_ref())
    });
    row("KiB an image before advisories", all, |m| {
        format!("{:.1}", m.written_bytes as f64 / 1024.0 / m.images as f64)
    });
    row("MiB of one more revision", all, |m| {
        format!("{:.1}", m.revision_bytes as f64 / f64::from(1 << 20))
    });
    row("largest tables, MiB", all, |m| {
        let largest = m.bytes.iter().take(6);
        let largest = largest.map(|(name, bytes)| format!("{name} {}", bytes >> 20));
        largest.collect::<Vec<_>>().join(", ")
    });
}

fn times(question: Option<&super::steps::Question>) -> String {
    question.map_or_else(String::new, |q| {
        format!(
            "{:.1} / {:.1} / {:.1} ({:.0})",
            q.p50, q.p95, q.p99, q.first
        )
    })
}

fn row(name: &str, all: &[Measured], cell: impl Fn(&Measured) -> String) {
    let cells: Vec<String> = all.iter().map(cell).collect();
    println!("| {name} | {} |", cells.join(" | "));
}
