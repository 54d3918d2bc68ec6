//! `--timings`: where the time of a scan went, on standard error.

use std::fmt::Write as _;
use std::time::Duration;

use scanyard_timing::{Spent, Stage, Timings};
use serde::Serialize;

use crate::cli::TimingsForm;

/// Prints what stages took, and how long all of it was by the clock.
pub fn print(timings: &Timings, wall: Duration, form: TimingsForm) {
    match form {
        TimingsForm::Table => eprint!("{}", table(timings, wall)),
        TimingsForm::Json => eprintln!("{}", json(timings, wall)),
    }
}

fn table(timings: &Timings, wall: Duration) -> String {
    let total = timings.total().as_secs_f64();
    let mut stages: Vec<(Stage, Spent)> = timings.stages().collect();
    // Catalogers are many, and the costly ones are of interest. The sort is stable.
    stages.sort_by_key(|(stage, spent)| stage.cataloger().map(|_| std::cmp::Reverse(spent.time)));
    stages.sort_by_key(|(stage, _)| after_catalogers(*stage));
    let mut text = format!(
        "{:<34} {:>10} {:>7} {:>8}\n",
        "stage", "ms", "share", "times"
    );
    for (stage, spent) in stages {
        let share = 100.0 * spent.time.as_secs_f64() / total.max(f64::MIN_POSITIVE);
        let (ms, times) = (millis(spent.time), spent.times);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{stage:<34} {ms:>10.2} {share:>6.1}% {times:>8}");
    }
    let _ = writeln!(
        text,
        "{:<34} {:>10.2}",
        "all threads",
        millis(timings.total())
    );
    let _ = writeln!(text, "{:<34} {:>10.2}", "by the clock", millis(wall));
    text
}

/// The place of a stage beside the catalogers, which keep the order that they have.
fn after_catalogers(stage: Stage) -> std::cmp::Ordering {
    match stage {
        Stage::Catalog(_) => std::cmp::Ordering::Equal,
        stage => stage.cmp(&Stage::Catalog("")),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[derive(Serialize)]
struct TimingsView {
    wall_seconds: f64,
    stages: Vec<StageView>,
}

#[derive(Serialize)]
struct StageView {
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cataloger: Option<&'static str>,
    seconds: f64,
    times: u64,
}

fn json(timings: &Timings, wall: Duration) -> String {
    let stages = timings.stages().map(|(stage, spent)| StageView {
        stage: stage.name(),
        cataloger: stage.cataloger(),
        seconds: spent.time.as_secs_f64(),
        times: spent.times,
    });
    let view = TimingsView {
        wall_seconds: wall.as_secs_f64(),
        stages: stages.collect(),
    };
    serde_json::json!(view).to_string()
}

#[cfg(test)]
mod tests {
    use scanyard_timing::{in_stage, record};

    use super::*;

    fn timings() -> Timings {
        let (_, timings) = record(Stage::Walk, || {
            in_stage(Stage::Catalog("a"), || ());
            in_stage(Stage::Report, || ());
            in_stage(Stage::Catalog("b"), || {
                std::hint::black_box(vec![0; 1 << 20]).len()
            });
        });
        timings
    }

    #[test]
    fn the_table_has_costly_catalogers_first_between_what_comes_before_and_after() {
        let table = table(&timings(), Duration::from_millis(12));
        let words: Vec<_> = table
            .lines()
            .filter_map(|line| line.split("  ").next())
            .collect();
        let expected = [
            "stage",
            "walk",
            "catalog b",
            "catalog a",
            "report",
            "all threads",
            "by the clock",
        ];
        assert_eq!(words, expected, "{table}");
        assert!(table.ends_with("12.00\n"), "{table}");
    }

    #[test]
    fn json_names_each_cataloger() {
        let json: serde_json::Value =
            serde_json::from_str(&json(&timings(), Duration::ZERO)).unwrap();
        assert_eq!(json["stages"][1]["stage"], "catalog");
        assert_eq!(json["stages"][1]["cataloger"], "a");
        assert_eq!(json["stages"][0]["times"], 1);
    }
}
