//! The table as people see it, and what it never does.

mod fixture;

use proptest::prelude::*;
use scanyard_package::{Coverage, CoverageKind, Severity};
use scanyard_report::{Format, RenderOptions, Report};

fn table(report: &Report, width: usize) -> String {
    let options = RenderOptions {
        width,
        ..RenderOptions::plain(fixture::now())
    };
    fixture::render(report, Format::Table, &options)
}

#[test]
fn a_report_with_something_of_everything_fits_80_columns() {
    fixture::check_golden("full-80.txt", &table(&fixture::full(), 80));
}

#[test]
fn a_report_with_something_of_everything_uses_120_columns() {
    fixture::check_golden("full-120.txt", &table(&fixture::full(), 120));
}

#[test]
fn a_clean_image_is_called_clean() {
    fixture::check_golden("clean-80.txt", &table(&fixture::clean(), 80));
}

#[test]
fn a_partial_answer_is_never_called_clean() {
    let text = table(&fixture::partial(), 80);
    assert!(!text.contains("No known vulnerabilities"));
    fixture::check_golden("partial-80.txt", &text);
}

#[test]
fn a_root_file_system_without_advisories_says_that_nothing_was_matched() {
    fixture::check_golden("rootfs-80.txt", &table(&fixture::rootfs(), 80));
}

#[test]
fn secrets_and_checks_fit_80_columns() {
    fixture::check_golden("hygiene-80.txt", &table(&fixture::hygiene(), 80));
}

#[test]
fn packages_are_listed_by_licence_for_those_who_ask() {
    let options = RenderOptions {
        licences: true,
        ..RenderOptions::plain(fixture::now())
    };
    let licensed = |name: &str, licence: Option<&str>| {
        let mut package = fixture::apk(name, "1.0-r0", name);
        package.licences = licence.map(str::to_owned).into_iter().collect();
        (package, Vec::new())
    };
    let mut packages = vec![
        licensed("busybox", Some("GPL-2.0-only")),
        licensed("scanelf", Some("GPL-2.0-only")),
        licensed("musl", Some("MIT")),
        licensed("own-tool", None),
    ];
    for number in 10..30 {
        packages.push(licensed(&format!("library-{number}"), Some("Apache-2.0")));
    }
    let report = fixture::report(packages, Vec::new());
    let text = fixture::render(&report, Format::Table, &options);
    fixture::check_golden("licences-80.txt", &text);
}

#[test]
fn what_is_suppressed_is_listed_for_those_who_ask_and_counted_for_all() {
    let report = fixture::suppressed();
    assert!(table(&report, 80).contains("1 finding suppressed"));
    let options = RenderOptions {
        suppressed: true,
        ..RenderOptions::plain(fixture::now())
    };
    let text = fixture::render(&report, Format::Table, &options);
    fixture::check_golden("suppressed-80.txt", &text);
}

#[test]
fn colour_changes_nothing_but_colour() {
    let options = RenderOptions {
        color: true,
        ..RenderOptions::plain(fixture::now())
    };
    let coloured = fixture::render(&fixture::full(), Format::Table, &options);
    assert!(coloured.contains("\x1b[1;31m"));
    assert_eq!(without_color(&coloured), table(&fixture::full(), 80));
}

#[test]
fn many_names_give_way_to_the_version_and_the_counts() {
    let finding = |id| fixture::finding(id, Severity::Low, &[]);
    let packages = [
        "firmware-misc-nonfree-one",
        "firmware-two-with-a-name",
        "firmware-three",
    ]
    .map(|name| {
        let package = fixture::apk(name, "20230210-5", "linux-firmware");
        (package, vec![finding("CVE-1"), finding("CVE-2")])
    });
    let text = table(&fixture::report(packages.to_vec(), Vec::new()), 60);
    assert!(
        text.contains("\nfirmware-misc-nonfree-one, firmware-… 20230210-5  2 low each\n"),
        "{text}"
    );
}

/// Removes `ESC [ ... m`.
fn without_color(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_exceeds_the_width_and_no_control_character_passes(
        name in "\\PC{0,60}|[\\x00-\\x1f\\u{202e}a-z]{0,20}",
        detail in "(\\PC{0,90} ?){0,4}|[\\x00-\\x1f\\u{9b}a-z ]{0,40}",
        id in "[A-Z0-9-]{1,60}",
        width in 20_usize..160,
    ) {
        let mut finding = fixture::finding(&id, Severity::High, &[&detail]);
        finding.urgency = Some(detail.clone());
        let package = fixture::npm(&name, &detail, &[&name]);
        let gap = Coverage::new(CoverageKind::UnreadableFile, name, detail);
        let text = table(&fixture::report(vec![(package, vec![finding])], vec![gap]), width);
        for line in text.split('\n') {
            prop_assert!(line.chars().count() <= width, "{line:?}");
            prop_assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }
}
