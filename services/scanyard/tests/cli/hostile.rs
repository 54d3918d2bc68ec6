//! Bad input: each ends in a typed error or in an unknown that the report tells, in little memory.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use scanyard_testkit::{Image, Layer, Tar};
use serde_json::Value;
use tar::EntryType;

use crate::sandbox::{Ended, Sandbox};
use crate::world::{DEBIAN, STATUS};

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// More than any of these images needs, and far less than what each would take if it were believed.
const MEMORY_KIB: u64 = 300 << 10;

/// A layout of one image: Debian below, the hostile layer above.
fn hostile(layer: Layer) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let base = Layer::gzip(&[("etc/os-release", DEBIAN), ("var/lib/dpkg/status", STATUS)]);
    Image::new(vec![base, layer]).write_oci_layout(&sandbox.path("layout"), "1");
    let source = format!("oci:{}:1", sandbox.path("layout").display());
    (sandbox, source)
}

fn scan(layer: Layer) -> Ended {
    let (sandbox, source) = hostile(layer);
    scan_in_little_memory(&sandbox, &source)
}

/// Scans and checks the most memory that it ever had.
fn scan_in_little_memory(sandbox: &Sandbox, source: &str) -> Ended {
    let mut child = sandbox
        .command(["scan", "--format", "json", source])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout: ChildStdout = child.stdout.take().unwrap();
    let stderr: ChildStderr = child.stderr.take().unwrap();
    let read = |stream: Box<dyn std::io::Read + Send>| {
        thread::spawn(move || std::io::read_to_string(stream).unwrap())
    };
    let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => thread::yield_now(),
        }
    };
    assert!(peak < MEMORY_KIB, "took {peak} KiB");
    assert_eq!(status.signal(), None);
    Ended {
        code: status.code().unwrap(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// Peak memory of a process that runs, in KiB.
fn high_water(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[track_caller]
fn coverage(ended: &Ended) -> Vec<(String, String)> {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.json();
    let own = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = report["coverage"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| (own(&entry["kind"]), own(&entry["subject"])))
        .collect()
}

/// What is in the rest of the image is found all the same.
#[track_caller]
fn assert_base_is_found(ended: &Ended) {
    let report = ended.json();
    let packages = report["packages"].as_array().unwrap();
    assert!(packages.iter().any(|p| p["name"] == "libssl3"));
}

/// A gzipped tar written as a stream: it may be larger than memory.
fn gzip(write: impl FnOnce(&mut GzEncoder<Vec<u8>>)) -> Layer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    write(&mut encoder);
    Layer::raw(encoder.finish().unwrap(), GZIP)
}

fn header(path: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(path).unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header
}

#[test]
fn a_truncated_gzip_is_refused() {
    let files: Vec<String> = (0..2000).map(|n| format!("etc/file-{n}")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "x")).collect();
    let whole = Layer::gzip(&files).blob;
    for length in [5, whole.len() / 2, whole.len() - 4] {
        let ended = scan(Layer::raw(whole[..length].to_vec(), GZIP));
        ended.assert_refused(1, "cannot be decompressed");
    }
}

#[test]
fn paths_that_lead_out_of_the_image_are_unknown_and_reach_no_file() {
    let (sandbox, _) = hostile(Layer::gzip(&[]));
    let outside = sandbox.path("outside");
    let absolute = outside.display().to_string();
    let tar = Tar::new()
        .file("../../../../tmp/scanyard-escaped", "x")
        .file("a/../../usr/lib/node_modules/x/package.json", "{}")
        .file(&absolute, "x")
        .symlink("etc/passwd", "../../../../etc/passwd")
        .symlink("var/lib/dpkg/status.d", "/etc");
    let ended = scan(Layer::gzip_tar(&tar.finish()));
    assert!(coverage(&ended).len() > 1, "{}", ended.stdout);
    assert_base_is_found(&ended);
    assert!(!outside.exists());
    assert!(!std::path::Path::new("/tmp/scanyard-escaped").exists());
}

#[test]
fn links_that_lead_to_each_other_end() {
    let tar = Tar::new()
        .symlink("usr/lib", "../lib")
        .symlink("lib", "usr/lib")
        .symlink("etc/os-release", "os-release")
        .symlink("usr/lib/os-release", "../../etc/os-release")
        .symlink("app/node_modules", "../app/node_modules");
    let ended = scan(Layer::gzip_tar(&tar.finish()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_base_is_found(&ended);
}

#[test]
fn ten_gigabytes_of_zeros_in_a_small_gzip_are_refused() {
    // Members of a gzip may follow each other, so a part is compressed once.
    let part_size = 64 << 20;
    let mut part = GzEncoder::new(Vec::new(), Compression::best());
    part.write_all(&vec![0; part_size]).unwrap();
    let part = part.finish().unwrap();
    let size: u64 = 10 << 30;
    let mut blob = gzip(|out| out.write_all(header("zeros", size).as_bytes()).unwrap()).blob;
    for _ in 0..size / part_size as u64 {
        blob.extend_from_slice(&part);
    }
    assert!(blob.len() < 16 << 20);
    let ended = scan(Layer::raw(blob, GZIP));
    ended.assert_refused(1, "limit");
}

#[test]
fn very_many_entries_are_read_in_little_memory() {
    let layer = gzip(|out| {
        for number in 0..100_000 {
            let path = format!("usr/share/directory-{}/file-{number}", number % 97);
            out.write_all(header(&path, 0).as_bytes()).unwrap();
        }
        out.write_all(&[0; 1024]).unwrap();
    });
    let ended = scan(layer);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_base_is_found(&ended);
}

#[test]
fn a_huge_package_manifest_is_an_unknown_of_the_report() {
    let size: u64 = 1 << 30;
    let path = "app/node_modules/huge/package.json";
    // Random enough for a plain ratio: the limit that is to be met is that of one file.
    let noise: Vec<u8> = (0..1_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let layer = gzip(|out| {
        out.write_all(header(path, size).as_bytes()).unwrap();
        for _ in 0..size >> 20 {
            out.write_all(&noise).unwrap();
        }
        out.write_all(&[0; 1024]).unwrap();
    });
    let ended = scan(layer);
    let told = coverage(&ended);
    assert!(
        told.iter().any(|(_, subject)| subject.contains(path)),
        "{told:?}"
    );
    assert_base_is_found(&ended);
}

#[test]
fn invalid_utf_8_in_a_status_file_hides_nothing() {
    let mut status = b"Package: caf\xff\xfe\nStatus: install ok installed\nVersion: 1\n\n".to_vec();
    status.extend(STATUS.as_bytes());
    let tar = Tar::new().file("var/lib/dpkg/status", status);
    let ended = scan(Layer::gzip_tar(&tar.finish()));
    assert_base_is_found(&ended);
    let packages = ended.json()["packages"].as_array().unwrap().len();
    let gaps = coverage(&ended).len();
    // Beside libssl3 and the missing advisories: the package itself, or a word about it.
    assert!(packages + gaps > 2, "{}", ended.stdout);
}

#[test]
fn a_manifest_that_is_no_json_or_too_large_is_refused() {
    for text in [
        "{",
        "null",
        "[]",
        r#"{"schemaVersion": 2, "manifests": {}}"#,
    ] {
        let (sandbox, source) = hostile(Layer::gzip(&[]));
        std::fs::write(sandbox.path("layout/index.json"), text).unwrap();
        let ended = sandbox.run(&format!("scan {source}"));
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{text}");
        assert!(ended.stderr.contains("try: "), "{}", ended.stderr);
    }
    let (sandbox, source) = hostile(Layer::gzip(&[]));
    let file = std::fs::File::create(sandbox.path("layout/index.json")).unwrap();
    file.set_len(4 << 30).unwrap();
    let ended = scan_in_little_memory(&sandbox, &source);
    ended.assert_refused(1, "limit");
}

#[test]
fn pipes_and_devices_are_no_layouts_and_nobody_waits_for_them() {
    let sandbox = Sandbox::new();
    let layout = sandbox.path("layout");
    std::fs::create_dir_all(&layout).unwrap();
    let made = Command::new("mkfifo")
        .arg(layout.join("index.json"))
        .status();
    assert!(made.unwrap().success());
    for source in [
        format!("oci:{}", layout.display()),
        format!("oci-archive:{}", layout.join("index.json").display()),
        "docker-archive:/dev/zero".to_owned(),
    ] {
        let ended = sandbox.run(&format!("scan {source}"));
        ended.assert_refused(1, "not a regular file");
    }
}

#[test]
fn layers_of_noise_are_refused_or_said() {
    for (media_type, start) in [
        (GZIP, &b"\x1f\x8b\x08"[..]),
        (
            "application/vnd.oci.image.layer.v1.tar+zstd",
            b"\x28\xb5\x2f\xfd",
        ),
        ("application/vnd.oci.image.layer.v1.tar", b"noise"),
    ] {
        let mut blob = start.to_vec();
        blob.extend((0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
        let ended = scan(Layer::raw(blob, media_type));
        let is_said = ended.code == 1 || coverage(&ended).len() > 1;
        assert!(is_said, "{media_type}: {}", ended.stdout);
    }
}
