//! The whole fleet matched again, and images cataloged again.

use crate::events::{advise, client};
use crate::sandbox::Sandbox;
use crate::service::{Served, submit};
use crate::world::{bare_sandbox, source};

fn serve_one_image(sandbox: &Sandbox) -> Served {
    let served = Served::start_with(sandbox, &[]);
    let scanned = submit(sandbox, &served, &format!("{} --wait", source(sandbox)));
    assert_eq!(scanned.code, 0, "{}", scanned.stderr);
    served
}

#[test]
fn a_full_rescan_is_seen_through_and_finds_what_was_found() {
    let sandbox = bare_sandbox();
    advise(&sandbox, |_| true);
    let served = serve_one_image(&sandbox);
    let delta = client(&sandbox, &served, "rescan --json").json();
    assert_eq!((&delta["id"], &delta["state"]), (&1.into(), &"done".into()));

    let full = client(&sandbox, &served, "rescan --full --json").json();
    assert_eq!((&full["id"], &full["state"]), (&2.into(), &"done".into()));
    assert_eq!((&full["full"], &full["changes"]), (&true.into(), &0.into()));
    assert!(full["packages"].as_u64().unwrap() > 0);
    assert_eq!(full["packages"], full["packages_matched"]);
    let told = client(&sandbox, &served, "rescan");
    assert!(
        told.stdout.starts_with("rescan 2 (full) is done"),
        "{}",
        told.stdout
    );
    client(&sandbox, &served, "rescan --cancel 2").assert_refused(1, "409");
    client(&sandbox, &served, "rescan --cancel 9").assert_refused(1, "404");
}

#[test]
fn what_this_version_cataloged_is_not_cataloged_again() {
    let sandbox = bare_sandbox();
    advise(&sandbox, |_| true);
    let served = serve_one_image(&sandbox);
    let again = client(&sandbox, &served, "rescan --recatalog");
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout.contains("0 of 0 images"), "{}", again.stdout);
}

#[test]
fn without_advisories_there_is_nothing_to_match() {
    let sandbox = bare_sandbox();
    let served = Served::start_with(&sandbox, &[]);
    client(&sandbox, &served, "rescan --full").assert_refused(1, "404");
}
