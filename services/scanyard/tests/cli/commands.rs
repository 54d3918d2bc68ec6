//! `versions`, `explain`, `completion` and help.

use std::io::Write;
use std::process::Stdio;

use crate::sandbox::{Ended, Sandbox};
use crate::world::sandbox;

fn versions(scheme: &str, lines: &str) -> Ended {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["versions", scheme]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A program that refuses the scheme does not read on.
    let _ = input.write_all(lines.as_bytes());
    drop(input);
    Ended::of(child.wait_with_output().unwrap())
}

#[test]
fn every_scheme_orders_versions_and_says_what_is_none() {
    for scheme in [
        "deb",
        "rpm",
        "apk",
        "semver",
        "pep440",
        "maven",
        "rubygems",
        "nuget",
        "packagist",
        "go",
        "pub",
        "hackage",
        "cran",
        "jvm",
        "bitnami",
        "pacman",
        "portage",
    ] {
        let (one, two) = match scheme {
            "go" => ("v1.2.0", "v1.10.0"),
            _ => ("1.2.0", "1.10.0"),
        };
        let lines = format!("{one}\t{two}\n{two}\t{one}\n{one}\t{one}\nno tab\n{one}\t\n");
        let ended = versions(scheme, &lines);
        assert_eq!(ended.code, 0, "{scheme}: {}", ended.stderr);
        let answers: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(answers[..3], ["<", ">", "="], "{scheme}");
        assert_eq!(answers.len(), 5, "{scheme}: {answers:?}");
        assert!(
            answers[3..].iter().all(|a| a.starts_with("error: ")),
            "{scheme}"
        );
    }
}

#[test]
fn an_unknown_scheme_is_answered_with_those_there_are() {
    let ended = versions("roman", "I\tII\n");
    ended.assert_refused(64, "pep440");
}

#[test]
fn explain_tells_the_range_that_decides() {
    let sandbox = sandbox();
    let affected = sandbox.run("explain pkg:npm/%40scope/left@1.2.0 CVE-2024-1002");
    assert_eq!(affected.code, 0, "{}", affected.stderr);
    assert!(
        affected.stdout.contains("Verdict: affected"),
        "{}",
        affected.stdout
    );
    assert!(affected.stdout.contains("1.2.3"), "{}", affected.stdout);
    let fixed = sandbox.run("explain pkg:npm/%40scope/left@1.2.3 GHSA-aaaa-bbbb-cccc");
    assert!(
        fixed.stdout.contains("Verdict: not affected"),
        "{}",
        fixed.stdout
    );
    let unknown = sandbox.run("explain pkg:npm/%40scope/left@1.2.3 CVE-1999-1");
    assert!(
        unknown.stdout.contains("CVE-1999-1 is unknown"),
        "{}",
        unknown.stdout
    );
    let source =
        "explain pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl CVE-2024-1001";
    assert!(sandbox.run(source).stdout.contains("Verdict: affected"));
    sandbox
        .run("explain left CVE-2024-1002")
        .assert_refused(64, "package URL");
    Sandbox::new()
        .run("explain pkg:npm/left@1 CVE-2024-1002")
        .assert_refused(1, "no advisory database");
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Sandbox::new().run(&format!("completion {shell}"));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("scanyard"), "{shell}");
    }
}

#[test]
fn help_is_no_error_and_names_exit_codes() {
    let sandbox = Sandbox::new();
    for arguments in [
        "--help",
        "help",
        "scan --help",
        "db --help",
        "db build --help",
        "db update --help",
        "db status --help",
        "versions --help",
        "explain --help",
        "serve --help",
        "submit --help",
        "demo --help",
        "completion --help",
    ] {
        let ended = sandbox.run(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments}");
        assert!(ended.stdout.contains("Usage: "), "{arguments}");
        let is_list = ["--help", "help", "db --help"].contains(&arguments);
        let has_example = ended.stdout.contains("Example");
        assert_ne!(is_list, has_example, "{arguments}");
    }
    let help = sandbox.run("--help").stdout;
    assert!(help.contains("64 wrong usage"), "{help}");
    assert_eq!(sandbox.run("--version").code, 0);
}
