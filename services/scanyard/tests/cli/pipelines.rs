//! The pieces under `deploy/ci`, run as a pipeline runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scanyard_testkit::{FakeRegistry, Image, Layer};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::sandbox::Sandbox;
use crate::service::Served;
use crate::world::{DEBIAN, STATUS, image, sandbox, source};

fn piece(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/ci")
        .join(name)
}

/// The script by `sh`, with the environment of the sandbox and the program in its place.
fn script(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Command {
    let program = sandbox.command([""; 0]);
    let mut command = Command::new("sh");
    command.arg(piece(name)).args(arguments).env_clear();
    let environment = program
        .get_envs()
        .filter_map(|(key, value)| Some((key, value?)));
    command.envs(environment);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("SCANYARD_BIN", program.get_program());
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// The outputs of the action's step, and its report.
fn scan_step(sandbox: &Sandbox, image: &str, fail_on: &str) -> (Output, String, PathBuf) {
    let (outputs, report) = (sandbox.path("outputs"), sandbox.path("scan.sarif"));
    let output = script(sandbox, "github/scan.sh", &[])
        .env("GITHUB_OUTPUT", &outputs)
        .env("INPUT_IMAGE", image)
        .env("INPUT_FAIL_ON", fail_on)
        .env("INPUT_REQUIRE_COMPLETE", "false")
        .env("INPUT_FORMAT", "sarif")
        .env("INPUT_OUTPUT", &report)
        .output()
        .unwrap();
    (output, fs::read_to_string(outputs).unwrap(), report)
}

#[test]
fn the_action_leaves_its_report_and_the_verdict_to_a_later_step() {
    let sandbox = sandbox();
    let (output, outputs, report) = scan_step(&sandbox, &source(&sandbox), "low");
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(outputs.contains("exit-code=2\n"), "{outputs}");
    let log: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");
}

#[test]
fn the_action_fails_at_once_when_there_is_nothing_to_upload() {
    let sandbox = sandbox();
    let (output, outputs, _) = scan_step(&sandbox, "oci:/no/such:1", "");
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(outputs.contains("exit-code=1\n"), "{outputs}");
}

#[test]
fn an_image_that_reads_like_an_option_is_no_option() {
    let sandbox = sandbox();
    let (output, _, _) = scan_step(&sandbox, "--help", "");
    assert_ne!(code(&output), 0, "{output:?}");
}

#[test]
fn every_input_of_the_action_that_scan_reads_is_handed_to_it() {
    let action = fs::read_to_string(piece("github/action.yml")).unwrap();
    let script = fs::read_to_string(piece("github/scan.sh")).unwrap();
    let words = script.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    for name in words.filter(|word| word.starts_with("INPUT_")) {
        assert!(action.contains(&format!("{name}: ${{{{ inputs.")), "{name}");
    }
}

#[test]
fn before_a_deployment_an_image_has_to_be_named_by_its_digest() {
    let sandbox = sandbox();
    for arguments in [&[][..], &["app:1.4"], &["app@sha256:aa", "more"]] {
        let output = script(&sandbox, "pre-deploy.sh", arguments).output();
        assert_eq!(code(&output.unwrap()), 64, "{arguments:?}");
    }
}

#[tokio::test]
async fn before_a_deployment_the_service_says_whether_an_image_passes() {
    let registry = FakeRegistry::start().await;
    let status = STATUS.replace("3.0.11-1", "99.0-1");
    let files = [
        ("etc/os-release", DEBIAN),
        ("var/lib/dpkg/status", status.as_str()),
    ];
    let clean = Image::new(vec![Layer::gzip(&files)]);
    registry.push("team/app", "clean", &clean);
    registry.push("team/app", "flawed", &image());
    let missing = Image::new(vec![Layer::gzip(&[("etc/os-release", DEBIAN)])]);
    let name = registry.reference("team/app", "clean");
    let names = [clean, image(), missing]
        .map(|image| name.replace(":clean", &format!("@{}", image.digest())));
    let codes = spawn_blocking(move || {
        let sandbox = sandbox();
        let served = Served::start(&sandbox);
        names.map(|name| {
            let output = script(&sandbox, "pre-deploy.sh", &[&name])
                .env("SCANYARD_SERVER", &served.url)
                .env("SCANYARD_API_KEY", &served.key)
                .output()
                .unwrap();
            (
                code(&output),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        })
    });
    let codes = codes.await.unwrap();
    let [clean, flawed, missing] = &codes;
    assert_eq!((clean.0, flawed.0, missing.0), (0, 2, 1), "{codes:?}");
}

/// Command and options of each call of the program in a text, up to the end of its line or what folds
/// lines.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let unfolded = text.replace("\n      --", " --").replace(" \\\n", " ");
    let lines = unfolded
        .lines()
        .filter(|line| !line.trim_start().starts_with(['#', '/']));
    let calls = lines.filter_map(|line| {
        let (_, rest) = line.split_once("scanyard ")?;
        let mut words = rest.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'));
        let command = words.next()?.to_owned();
        let is_command = command.chars().all(|c| c.is_ascii_lowercase());
        let options = words.filter(|word| word.starts_with("--"));
        is_command.then(|| (command, options.map(str::to_owned).collect()))
    });
    calls.collect()
}

#[test]
fn every_call_in_a_piece_is_one_that_the_program_knows() {
    let sandbox = sandbox();
    for name in ["gitlab.yml", "Jenkinsfile", "tekton.yml"] {
        let calls = calls(&fs::read_to_string(piece(name)).unwrap());
        assert!(!calls.is_empty(), "{name}");
        for (command, options) in calls {
            let help = sandbox.run(&format!("{command} --help"));
            assert_eq!(help.code, 0, "{name}: {command}");
            for option in options {
                assert!(help.stdout.contains(&option), "{name}: {command} {option}");
            }
        }
    }
}
