use proptest::prelude::*;

use super::Expression;

fn refused(text: &str) -> String {
    let error = Expression::compile(text).unwrap_err();
    format!("{}:{} {}", error.line, error.column, error.message)
}

#[test]
fn what_is_asked_for_each_finding_mentions_it() {
    for (text, about_findings) in [
        ("finding.severity == 'critical'", true),
        (
            "finding.package.licences.exists(l, l.startsWith('GPL'))",
            true,
        ),
        ("!coverage.complete", false),
        ("image.labels['team'] == 'a' && has(image.labels.b)", false),
        ("summary.critical > 3 || distro.end_of_life", false),
        (
            "secrets.exists(s, s.level >= HIGH && !has(s.example))",
            false,
        ),
    ] {
        let expression = Expression::compile(text).unwrap();
        assert_eq!(expression.is_about_findings(), about_findings, "{text}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, place) in [
        ("finding.severity = 'high'", "1:18 "),
        ("finding.level >= HIGH &&\n  finding.severty == 'a'", "2:"),
        (
            "image.digest == '' || findings == 1",
            "1:23 there is no \"findings\"",
        ),
        ("secrets.exists(s, s.paths == '')", "1:"),
        (
            "coverage.entries.exists(e, e.kind == 'a' &&\n e.what == 'b')",
            "2:",
        ),
        ("timestamp('2026-01-01T00:00:00Z') == 1", "1:"),
        ("(1", "1:"),
        ("", "1:"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(place), "{text}: {error}");
    }
}

#[test]
fn what_could_take_for_ever_is_refused() {
    let thrice = "coverage.entries.all(a, coverage.entries.all(b, coverage.entries.all(c, true)))";
    assert!(refused(thrice).contains("for ever"), "{}", refused(thrice));
    let chained =
        "coverage.entries.map(a, 1).map(b, coverage.entries.map(c, 1)).map(d, d).size() > 0";
    assert!(refused(chained).contains("for ever"));
    let patterns = "secrets.exists(s, checks.exists(c, s.path.matches(c.id)))";
    assert!(refused(patterns).contains("for ever"));
    let long = format!("[{}].size() > 0", vec!["1"; 101].join(","));
    assert!(refused(&long).contains("at most 100"));
    assert!(refused(&"1+".repeat(3000)).contains("4096"));
    let deep = format!("{}1 > 0", "1+".repeat(1500));
    assert!(refused(&deep).contains("nested"));
}

#[test]
fn what_is_nested_deeply_overflows_no_stack() {
    for text in [
        "(".repeat(4000),
        "[".repeat(4000),
        "!".repeat(4000) + "true",
        "-".repeat(4000) + "1",
        "true?".repeat(800),
        "true?true:".repeat(400) + "true",
        "{".repeat(4000),
        "a.".repeat(2000) + "a",
        "a(".repeat(2000),
        "1".to_owned() + &"[1]".repeat(1300),
        "true".to_owned() + &"&&true".repeat(600),
    ] {
        let _ = Expression::compile(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_text_makes_the_compiler_panic(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("finding"), Just(".severity"), Just("=="), Just("'"), Just("(("), Just(")"),
                Just("["), Just("]"), Just("?"), Just(":"), Just("&&"), Just("!"), Just("in"),
                Just(".exists(x,"), Just(".map(y,"), Just("has("), Just("1"), Just("\n"),
                Just("\u{1f600}"), Just("{"), Just("}"), Just("`"), Just("\\"), Just("r\"\"\""),
            ],
            0..30,
        )
    ) {
        let _ = Expression::compile(&parts.concat());
    }
}
