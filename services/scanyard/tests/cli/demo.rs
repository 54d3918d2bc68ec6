//! `scanyard demo`: the README's first command.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

#[test]
fn the_demo_shows_findings_and_ends() {
    let ended = Sandbox::new().run("demo");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    for said in [
        "accepted as",
        "CVE-",
        "Where to look next",
        "scanyard db update",
    ] {
        assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
    }
}

#[test]
fn a_demo_that_keeps_running_serves_until_it_is_interrupted() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["demo", "--keep-running"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let docs = lines
        .by_ref()
        .map(|line| line.unwrap())
        .find_map(|line| Some(line.trim().split_once("/docs")?.0.to_owned()));
    let last = lines.by_ref().map(|line| line.unwrap());
    let running = last.into_iter().any(|line| line.contains("Ctrl-C"));
    assert!(running);
    let health = format!("{}/healthz", docs.unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async { reqwest::get(health).await.unwrap().status() });
    assert_eq!(answer, 200);
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
