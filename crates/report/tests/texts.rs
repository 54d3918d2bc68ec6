//! The forms that are text: what is not assessed is told in each, and nothing foreign is more than text.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod fixture;

use quick_xml::Reader;
use quick_xml::events::Event;
use scanyard_report::{Format, RenderOptions, Report};

const HOSTILE: &str = "<script>alert(1)</script> | `x` \"q\" & \u{1b}[2J\n=1+1 @everyone";

fn render(report: &Report, format: Format) -> String {
    fixture::render(report, format, &RenderOptions::plain(fixture::now()))
}

/// A report in which everything that an image decides is hostile.
fn hostile() -> Report {
    let mut report = fixture::full();
    report.source = HOSTILE.to_owned();
    for package in &mut report.packages {
        package.name = HOSTILE.to_owned();
        package.version = HOSTILE.to_owned();
        package.paths = vec![HOSTILE.to_owned()];
    }
    for finding in &mut report.findings {
        finding.reason = HOSTILE.to_owned();
        finding.fixed_versions = vec![HOSTILE.to_owned()];
        finding.paths = vec![HOSTILE.to_owned()];
        finding.aliases = vec![HOSTILE.to_owned()];
    }
    for entry in &mut report.coverage {
        entry.subject = HOSTILE.to_owned();
        entry.detail = HOSTILE.to_owned();
    }
    report
}

#[test]
fn what_was_not_assessed_is_told_in_every_form() {
    let report = fixture::partial();
    assert!(!report.coverage.is_empty());
    for format in Format::ALL {
        let text = render(&report, format);
        match format {
            // There is no place for sentences, only for their number.
            Format::Github => assert!(text.contains("\"not_assessed\": \""), "{text}"),
            Format::Table => {}
            Format::Markdown => assert!(text.contains("Not assessed"), "{text}"),
            _ => {
                let detail = &report.coverage[0].detail;
                let words: Vec<_> = detail.split(['<', '&', '\'', '"']).collect();
                assert!(text.contains(words[0]), "{}: {text}", format.name());
            }
        }
    }
}

#[test]
fn html_holds_no_script_and_no_tag_of_others() {
    let html = render(&hostile(), Format::Html);
    assert!(!html.contains("<script"));
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("\" q"));
    for tag in ["table", "details", "section", "ul", "dl"] {
        let count = |text: &str| html.matches(text).count();
        let (opened, closed) = (count(&format!("<{tag}")), count(&format!("</{tag}>")));
        assert_eq!(opened, closed, "{tag}");
    }
}

#[test]
fn markdown_holds_no_markup_and_calls_nobody() {
    let markdown = render(&hostile(), Format::Markdown);
    for line in markdown.lines() {
        let outside: String = line.split('`').step_by(2).collect();
        assert!(!outside.contains("<script"), "{line}");
        assert!(!outside.contains('@'), "{line}");
        if line.starts_with("| ") {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 6, "{line}");
        }
    }
}

#[test]
fn csv_reads_back_and_no_cell_is_a_formula() {
    let report = hostile();
    let text = render(&report, Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), report.findings.len() + report.coverage.len());
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    assert!(
        rows.iter()
            .any(|row| row.iter().any(|cell| cell == HOSTILE))
    );
}

#[test]
fn junit_is_xml_whose_counts_are_those_of_its_cases() {
    for report in [
        hostile(),
        fixture::full(),
        fixture::clean(),
        fixture::hygiene(),
        fixture::suppressed(),
    ] {
        let text = render(&report, Format::Junit);
        let mut reader = Reader::from_str(&text);
        let (mut counts, mut claimed) = ([0; 3], Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    "testsuite" => {
                        for name in ["tests", "failures", "skipped"] {
                            let value = tag.try_get_attribute(name).unwrap().unwrap();
                            claimed.push(value.value.into_owned());
                        }
                    }
                    "testcase" => counts[0] += 1,
                    "failure" => counts[1] += 1,
                    "skipped" => counts[2] += 1,
                    _ => {}
                },
                _ => {}
            }
        }
        assert_eq!(claimed, counts.map(|count: i32| count.to_string()));
        assert!(counts[0] > 0);
    }
}

#[test]
fn ndjson_has_a_typed_object_on_each_line() {
    let report = fixture::full();
    let text = render(&report, Format::Ndjson);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let types: Vec<_> = lines
        .map(|line| line["type"].as_str().unwrap().to_owned())
        .collect();
    let count = |kind: &str| types.iter().filter(|found| *found == kind).count();
    assert_eq!(types[0], "report");
    assert_eq!(count("package"), report.packages.len());
    assert_eq!(count("finding"), report.findings.len());
    assert_eq!(count("coverage"), report.coverage.len());
}

#[test]
fn a_comment_of_many_findings_stays_within_what_code_hosts_take() {
    let mut report = fixture::full();
    let one = report.findings[0].clone();
    report.findings = vec![one; 5_000];
    let markdown = render(&report, Format::Markdown);
    assert!(markdown.chars().count() < 65_536);
    assert!(markdown.contains("left out"));
}

#[test]
fn a_stored_report_converts_into_what_a_scan_writes() {
    for report in [
        fixture::full(),
        fixture::hygiene(),
        fixture::suppressed(),
        fixture::rootfs(),
    ] {
        let stored = render(&report, Format::Json);
        let read: Report = serde_json::from_str(&stored).unwrap();
        for format in Format::ALL {
            assert_eq!(
                render(&read, format),
                render(&report, format),
                "{}",
                format.name()
            );
        }
    }
}
