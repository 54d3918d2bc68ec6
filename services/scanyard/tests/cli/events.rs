//! New advisories: events, the history of an image, and a message to a receiver.

use std::fs;
use std::process::Command;

use scanyard_testkit::Receiver;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::advisories;
use crate::sandbox::{Ended, Sandbox};
use crate::service::{Served, submit};
use crate::world::{bare_sandbox, source};

/// Compiles these of the advisories.
pub fn advise(sandbox: &Sandbox, wanted: impl Fn(&str) -> bool) {
    let records = sandbox.path("records");
    // Nothing is there at first.
    let _ = fs::remove_dir_all(&records);
    fs::create_dir_all(&records).unwrap();
    for (_, id, record) in advisories::RECORDS {
        if wanted(id) {
            fs::write(records.join(format!("{id}.json")), record).unwrap();
        }
    }
    let database = sandbox.path("data/scanyard/db");
    fs::create_dir_all(&database).unwrap();
    let built = sandbox.run(&format!(
        "db build --from {} --output {}",
        records.display(),
        database.display()
    ));
    assert_eq!(built.code, 0, "{}", built.stderr);
}

/// Runs a command that asks the service.
pub fn client(sandbox: &Sandbox, served: &Served, arguments: &str) -> Ended {
    let mut command: Command = sandbox.command(arguments.split(' '));
    command.env("SCANYARD_SERVER", &served.url);
    command.env("SCANYARD_API_KEY", &served.key);
    Ended::of(command.output().unwrap())
}

#[tokio::test]
async fn new_advisories_are_events_and_a_message() {
    let receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    let started = spawn_blocking(move || {
        let sandbox = bare_sandbox();
        advise(&sandbox, |id| id != "PYSEC-2024-3");
        let served = Served::start_with(&sandbox, &["--allow-private-receivers"]);
        let scanned = submit(&sandbox, &served, &format!("{} --wait", source(&sandbox)));
        assert_eq!(scanned.code, 0, "{}", scanned.stderr);
        let add = format!("subscriptions add --name team --url {url} --json");
        let added = client(&sandbox, &served, &add);
        assert_eq!(added.code, 0, "{}", added.stderr);
        let added = added.json();
        assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
        let id = added["id"].as_str().unwrap().to_owned();
        let tested = client(&sandbox, &served, &format!("subscriptions test {id}"));
        assert_eq!(tested.code, 0, "{}", tested.stderr);
        let listed = client(&sandbox, &served, "subscriptions list");
        assert!(listed.stdout.contains(&id) && !listed.stdout.contains("whsec_"));
        let events = client(&sandbox, &served, "events --json");
        assert_eq!(events.stdout, "", "what an image begins with is no event");

        // One is new, and one is there no more.
        advise(&sandbox, |id| id != "GO-2024-4");
        (sandbox, served, id)
    });
    let (sandbox, served, id) = started.await.unwrap();
    let received = receiver.wait_for("/hook", 3).await;
    let types: Vec<String> = received
        .iter()
        .map(|message| {
            let event: Value = serde_json::from_slice(&message.body).unwrap();
            assert_eq!(event["id"], message.header("webhook-id"));
            format!("{} {}", event["type"].as_str().unwrap(), event["subject"])
        })
        .collect();
    assert_eq!(types[0], "io.scanyard.test null");
    assert!(types.contains(&"io.scanyard.finding.new \"PYSEC-2024-3\"".to_owned()));
    assert!(types.contains(&"io.scanyard.finding.fixed \"GO-2024-4\"".to_owned()));
    let ended = spawn_blocking(move || {
        let events = client(&sandbox, &served, "events --kind new");
        assert!(events.stdout.contains("PYSEC-2024-3"), "{}", events.stdout);
        assert!(!events.stdout.contains("GO-2024-4"), "{}", events.stdout);
        let (_, images) = tokio::runtime::Handle::current().block_on(served.get("/v1/images"));
        let digest = images["items"][0]["digest"].as_str().unwrap();
        let history = client(&sandbox, &served, &format!("history {digest}"));
        for words in [
            "finding.new",
            "finding.fixed",
            "image.cataloged",
            "image.first_seen",
        ] {
            assert!(history.stdout.contains(words), "{}", history.stdout);
        }
        let removed = client(&sandbox, &served, &format!("subscriptions remove {id}"));
        assert_eq!(removed.code, 0, "{}", removed.stderr);
        assert_eq!(served.terminate(), Some(0));
    });
    ended.await.unwrap();
}

#[test]
fn a_receiver_on_a_private_address_is_refused_unless_allowed() {
    let sandbox = bare_sandbox();
    let served = Served::start_with(&sandbox, &[]);
    for url in [
        "http://127.0.0.1:1/",
        "https://169.254.169.254/latest",
        "https://localhost/",
    ] {
        let add = format!("subscriptions add --name team --url {url}");
        client(&sandbox, &served, &add).assert_refused(1, "422");
    }
}
