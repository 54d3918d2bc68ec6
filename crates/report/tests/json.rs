//! The JSON form: reads back, keeps to its schema, and still reads old samples.

mod fixture;

use std::path::Path;

use scanyard_report::{Format, RenderOptions, Report};
use serde_json::Value;

fn json(report: &Report) -> String {
    fixture::render(report, Format::Json, &RenderOptions::plain(fixture::now()))
}

fn reports() -> [Report; 5] {
    [
        fixture::full(),
        fixture::clean(),
        fixture::partial(),
        fixture::rootfs(),
        fixture::hygiene(),
    ]
}

#[test]
fn a_report_reads_back_as_it_was() {
    for report in reports() {
        assert_eq!(
            serde_json::from_str::<Report>(&json(&report)).unwrap(),
            report
        );
    }
}

#[test]
fn the_sample_of_version_1_0_still_reads() {
    // Stored reports look like this one. It is never rewritten; a version that adds fields adds
    // a sample.
    let sample = include_str!("samples/report-1.0.json");
    let mut expected = fixture::full();
    expected.schema_version = "1.0".to_owned();
    assert_eq!(serde_json::from_str::<Report>(sample).unwrap(), expected);
}

#[test]
fn the_sample_of_version_1_1_still_reads() {
    let sample = include_str!("samples/report-1.1.json");
    let report = serde_json::from_str::<Report>(sample).unwrap();
    assert_eq!(report, fixture::hygiene());
}

#[test]
fn secrets_stand_worst_first_and_examples_last() {
    let report = fixture::hygiene();
    let secrets = report.secrets.unwrap();
    let last = secrets.last().unwrap();
    assert_eq!(last.example.as_deref(), Some("documentation"));
    assert!(secrets[..3].is_sorted_by(|a, b| a.severity >= b.severity));
    let clean = fixture::clean();
    assert_eq!((clean.secrets, clean.checks), (None, None));
}

#[test]
fn reports_keep_to_the_documented_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report-schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for report in reports() {
        let document = serde_json::from_str(&json(&report)).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let mut stranger = serde_json::to_value(fixture::full()).unwrap();
    stranger["findings"][0]["severity"] = "urgent".into();
    assert!(!validator.is_valid(&stranger));
}

#[test]
fn findings_stand_worst_first_and_counts_leave_undetermined_ones_out() {
    let report = fixture::full();
    let severities: Vec<_> = report.findings.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b));
    let summary = report.summary;
    assert_eq!((summary.critical, summary.undetermined), (2, 1));
    assert_eq!(
        summary.affected() + summary.undetermined,
        report.findings.len()
    );
    assert!(!summary.complete);
    assert!(fixture::clean().summary.complete);
}

#[test]
fn findings_and_packages_name_the_layer_that_brought_them() {
    let report = fixture::full();
    let layers = report.image.map(|image| image.layers).unwrap_or_default();
    let tar = report
        .packages
        .iter()
        .find(|package| package.name == "tar")
        .unwrap();
    assert_eq!(tar.layer, Some(layers[1].digest));
    let finding = report
        .findings
        .iter()
        .find(|f| f.package == tar.purl)
        .unwrap();
    assert_eq!((finding.layer, &finding.paths), (tar.layer, &tar.paths));
}
