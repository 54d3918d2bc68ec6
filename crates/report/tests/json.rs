//! The JSON form: reads back, keeps to its schema, and still reads old samples.

mod fixture;

use std::path::Path;

use scanyard_matching::FixState;
use scanyard_package::Severity;
use scanyard_report::{Epss, Format, RenderOptions, Report};
use serde_json::Value;

fn json(report: &Report) -> String {
    fixture::render(report, Format::Json, &RenderOptions::plain(fixture::now()))
}

fn reports() -> [Report; 6] {
    [
        fixture::full(),
        fixture::clean(),
        fixture::partial(),
        fixture::rootfs(),
        fixture::hygiene(),
        fixture::suppressed(),
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
    forget_what_1_2_added(&mut expected);
    assert_eq!(serde_json::from_str::<Report>(sample).unwrap(), expected);
}

/// Older reports do not say what publishers decided, nor who rated a flaw.
fn forget_what_1_2_added(report: &mut Report) {
    for finding in &mut report.findings {
        finding.severity_source = None;
        finding.fix_state = FixState::default();
    }
}

#[test]
fn the_sample_of_version_1_2_still_reads() {
    let sample = include_str!("samples/report-1.2.json");
    let mut expected = fixture::full();
    expected.schema_version = "1.2".to_owned();
    assert_eq!(serde_json::from_str::<Report>(sample).unwrap(), expected);
}

#[test]
fn the_sample_of_version_1_3_still_reads() {
    let sample = include_str!("samples/report-1.3.json");
    let expected = fixture::suppressed();
    assert_eq!(serde_json::from_str::<Report>(sample).unwrap(), expected);
}

#[test]
fn what_is_suppressed_is_counted_apart_and_what_is_marked_stays() {
    let all = fixture::full();
    let report = fixture::suppressed();
    assert_eq!(report.findings.len() + 1, all.findings.len());
    assert_eq!(report.summary.suppressed, 1);
    assert_eq!(report.suppressed[0].finding, all.findings[0]);
    assert!(report.findings[0].vex.is_some());
    assert_eq!(
        report.summary.affected() + report.summary.undetermined + 1,
        all.summary.affected() + all.summary.undetermined
    );
}

#[test]
fn the_sample_of_version_1_1_still_reads() {
    let sample = include_str!("samples/report-1.1.json");
    let report = serde_json::from_str::<Report>(sample).unwrap();
    let mut expected = fixture::hygiene();
    expected.schema_version = "1.1".to_owned();
    forget_what_1_2_added(&mut expected);
    assert_eq!(report, expected);
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
fn what_publishers_and_predictions_say_is_in_every_form() {
    let mut finding = fixture::finding("CVE-2026-7", Severity::High, &[]);
    finding.fix_state = FixState::WillNotFix;
    finding.known_exploited = true;
    let packages = vec![(fixture::apk("zlib", "1.2.13-r0", "zlib"), vec![finding])];
    let mut report = fixture::report(packages, Vec::new());
    report.predict_exploits(|cve| {
        (cve == "CVE-2026-7").then_some(Epss {
            score: 0.25,
            percentile: 0.5,
        })
    });
    let said: Vec<_> = [
        Format::Table,
        Format::Json,
        Format::Sarif,
        Format::Cyclonedx,
    ]
    .into_iter()
    .map(|format| fixture::render(&report, format, &RenderOptions::plain(fixture::now())))
    .collect();
    let [table, json, sarif, cyclonedx] = said.as_slice() else {
        unreachable!()
    };
    assert!(table.contains("will not be fixed exploited"), "{table}");
    let json: Value = serde_json::from_str(json).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(finding["fix_state"], "will_not_fix");
    assert_eq!(finding["epss"]["score"], 0.25);
    assert!(
        sarif.contains("There is no fixed version: will not be fixed"),
        "{sarif}"
    );
    assert!(sarif.contains("EPSS: 25.00 %"), "{sarif}");
    for said in [
        "scanyard:known-exploited",
        "scanyard:epss",
        "scanyard:fix-state",
    ] {
        assert!(cyclonedx.contains(said), "{said}: {cyclonedx}");
    }
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
