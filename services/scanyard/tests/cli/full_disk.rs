//! A full disk: an error that names what could not be written, and nothing half-written.
//!
//! Needs a small file system, which only root may mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::advisories;
use crate::sandbox::{Sandbox, files_below};
use crate::world::{sandbox, source};

/// A mounted file system that is full up to its last page. It is unmounted when it is dropped.
struct FullDisk {
    dir: tempfile::TempDir,
}

impl FullDisk {
    /// `None`, said aloud, where it cannot be mounted.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "scanyard-test"])
            .arg(dir.path())
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: a small file system cannot be mounted; run the test as root");
            return None;
        }
        let disk = Self { dir };
        let filler = disk.path("filler");
        let mut room = 64 << 10;
        while room > 0 {
            let mut bytes = fs::read(&filler).unwrap_or_default();
            bytes.resize(bytes.len() + room, b'x');
            if fs::write(&filler, &bytes).is_err() {
                room /= 2;
            }
        }
        Some(disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Nothing is there but what was before.
    #[track_caller]
    fn assert_only(&self, expected: &[&str]) {
        let mut files = files_below(self.dir.path());
        files.retain(|file| file != &self.path("filler"));
        let expected: Vec<PathBuf> = expected.iter().map(|name| self.path(name)).collect();
        assert_eq!(files, expected);
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.dir.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_report_that_does_not_fit_is_an_error() {
    let Some(disk) = FullDisk::mount() else {
        return;
    };
    let sandbox = sandbox();
    let (file, source) = (text(&disk.path("report.json")), source(&sandbox));
    let ended = sandbox.run(&format!("scan --format json --output {file} {source}"));
    ended.assert_refused(1, "No space left on device");
    assert!(ended.stderr.contains("report.json"), "{}", ended.stderr);
    disk.assert_only(&[]);
}

#[test]
fn standard_output_that_is_full_is_an_error() {
    let sandbox = sandbox();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = sandbox.command(["scan", &source(&sandbox)]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("No space left"), "{said}");
}

#[test]
fn a_cache_that_does_not_fit_costs_nothing_but_the_cache() {
    let Some(disk) = FullDisk::mount() else {
        return;
    };
    let sandbox = sandbox();
    let (cache, source) = (text(&disk.path("cache")), source(&sandbox));
    let report = sandbox.report(&format!("--cache-dir {cache} {source}"));
    assert_eq!(report, sandbox.report(&source));
    disk.assert_only(&[]);
}

#[test]
fn a_database_that_does_not_fit_is_an_error() {
    let Some(disk) = FullDisk::mount() else {
        return;
    };
    let sandbox = Sandbox::new();
    advisories::write(&sandbox.path("records"));
    let (from, output) = (text(&sandbox.path("records")), text(&disk.path("a.db")));
    let ended = sandbox.run(&format!("db build --from {from} --output {output}"));
    ended.assert_refused(1, "No space left on device");
    disk.assert_only(&[]);
}

#[tokio::test]
async fn an_update_that_does_not_fit_is_an_error_and_leaves_no_database() {
    let Some(disk) = FullDisk::mount() else {
        return;
    };
    let sandbox = Sandbox::new();
    let bucket = sandbox.path("bucket");
    advisories::write_bucket(&bucket);
    let url = crate::database::serve(bucket).await;
    let update = format!("db update --source {url} --db {}", text(&disk.path("db")));
    let ended = tokio::task::spawn_blocking(move || sandbox.run(&update));
    let ended = ended.await.unwrap();
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    for said in ["No space left on device", "try: "] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    assert!(!disk.path("db/advisories.db").exists());
}

#[test]
fn a_service_without_room_for_its_data_does_not_start() {
    let Some(disk) = FullDisk::mount() else {
        return;
    };
    let data = text(&disk.path("service"));
    let ended = Sandbox::new().run(&format!("serve --listen 127.0.0.1:0 --data-dir {data}"));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("full"), "{}", ended.stderr);
}
