use scanyard_package::{CoverageKind, Limits};

use super::archive;
use crate::layer::FileEvidence;
use crate::zip_writer::{Member, zip, zip_with_prefix};

fn read(path: &str, bytes: &[u8]) -> FileEvidence {
    archive::catalog(path, &mut &*bytes, &Limits::default()).unwrap()
}

fn pom(group: &str, artifact: &str, version: &str) -> Member {
    let text = format!("groupId={group}\nartifactId={artifact}\nversion={version}\n");
    let name = format!("META-INF/maven/{group}/{artifact}/pom.properties");
    Member::deflated(&name, text.as_bytes()).described(true)
}

fn manifest(text: &str) -> Member {
    let text = format!("Manifest-Version: 1.0\n{text}\n");
    Member::deflated("META-INF/MANIFEST.MF", text.as_bytes()).described(true)
}

fn class() -> Member {
    let noise: Vec<u8> = (0..50_000u32)
        .map(|n| (n.wrapping_mul(n) >> 5) as u8)
        .collect();
    Member::deflated("a/B.class", &noise).described(true)
}

fn names(evidence: &FileEvidence) -> Vec<String> {
    let packages = evidence.packages.iter().map(|declared| &declared.package);
    packages
        .map(|p| format!("{} {}", p.name, p.version))
        .collect()
}

fn kinds(evidence: &FileEvidence) -> Vec<CoverageKind> {
    evidence
        .unknowns
        .iter()
        .map(|unknown| unknown.kind)
        .collect()
}

#[test]
fn a_library_an_application_and_what_is_shaded_into_it_are_found() {
    let library = zip(&[manifest(""), class(), pom("g", "lib", "1.0")]);
    let shaded = zip(&[
        manifest("Implementation-Vendor-Id: org.app\nBundle-License: MIT\n"),
        pom("h", "one", "2"),
        class(),
        pom("h", "two", "3"),
    ]);
    let war = zip(&[
        manifest(""),
        Member::stored("WEB-INF/lib/lib-1.0.jar", &library),
        Member::deflated("WEB-INF/lib/shaded-4.0.jar", &shaded).described(true),
        Member::stored("WEB-INF/lib/copy-of-lib.jar", &library),
        pom("g", "app", "5"),
    ]);
    let ear = zip(&[Member::deflated("app.war", &war), pom("g", "suite", "6")]);
    let evidence = read("opt/suite.ear", &ear);
    let expected = [
        "g:app 5",
        "g:lib 1.0",
        "g:suite 6",
        "h:one 2",
        "h:two 3",
        "org.app:shaded 4.0",
    ];
    assert_eq!(names(&evidence), expected);
    assert_eq!(kinds(&evidence), []);
    assert_eq!(evidence.packages[5].licences, ["MIT"]);
}

#[test]
fn each_shaded_package_has_the_licences_of_its_own_pom() {
    let text = b"<project><licenses><license><name>BSD</name></license></licenses></project>";
    let bytes = zip(&[
        manifest("Bundle-License: MIT\n"),
        pom("g", "a", "1"),
        pom("h", "b", "2"),
        Member::deflated("META-INF/maven/h/b/pom.xml", text),
    ]);
    let evidence = read("a-1.jar", &bytes);
    assert_eq!(names(&evidence), ["g:a 1", "h:b 2"]);
    assert!(evidence.packages[0].licences.is_empty());
    assert_eq!(evidence.packages[1].licences, ["BSD"]);
}

#[test]
fn a_pom_without_properties_gives_the_group() {
    let bytes = zip(&[Member::deflated(
        "META-INF/maven/org.g/a/pom.xml",
        b"<project/>",
    )]);
    assert_eq!(names(&read("a-1.0.jar", &bytes)), ["org.g:a 1.0"]);
}

#[test]
fn archives_without_group_or_name_are_said() {
    let war = zip(&[
        pom("g", "app", "5"),
        Member::stored("lib/tool-1.0.jar", &zip(&[manifest("")])),
        Member::stored("lib/other.jar", &zip(&[class()])),
    ]);
    let evidence = read("app.war", &war);
    assert_eq!(names(&evidence), ["g:app 5", "tool 1.0"]);
    let details: Vec<_> = evidence
        .unknowns
        .iter()
        .map(|u| u.detail.as_str())
        .collect();
    assert!(details[0].contains("tool-1.0.jar"), "{details:?}");
    assert!(details[1].contains("other.jar"), "{details:?}");
}

#[test]
fn an_executable_jar_behind_a_script_is_read() {
    let bytes = zip_with_prefix(&[pom("g", "a", "1")], b"#!/bin/sh\nexec java\n", true);
    assert!(archive::opens("a.jar", &bytes[..16]));
    assert_eq!(names(&read("a.jar", &bytes)), ["g:a 1"]);
}

#[test]
fn what_only_has_the_name_of_an_archive_is_said() {
    let evidence = read("a.jar", b"version https://git-lfs.github.com/spec/v1\n");
    assert_eq!(kinds(&evidence)[0], CoverageKind::UnreadableFile);
    assert!(!archive::opens("x.rar", b"Rar!\x1a\x07\0"));
    assert!(!archive::opens("empty.jar", b""));
}

#[test]
fn an_installed_tomcat_is_found_under_both_of_its_names() {
    let bytes = zip(&[manifest(
        "Implementation-Title: Apache Tomcat\nImplementation-Version: 9.0.65\n",
    )]);
    let found = names(&read("usr/local/tomcat/lib/catalina.jar", &bytes));
    assert_eq!(
        found,
        [
            "org.apache.tomcat:tomcat 9.0.65",
            "org.apache.tomcat:tomcat-catalina 9.0.65"
        ]
    );
    assert_eq!(
        names(&read("lib/tomcat-coyote.jar", &bytes)),
        ["org.apache.tomcat:tomcat-coyote 9.0.65"]
    );
}

#[test]
fn deleted_entries_are_not_found() {
    let evidence = read(
        "a.jar",
        &zip(&[pom("g", "a", "1").unlisted(), pom("g", "a", "2")]),
    );
    assert_eq!(names(&evidence), ["g:a 2"]);
}

#[test]
fn a_truncated_archive_gives_what_came_before_and_says_so() {
    let bytes = zip(&[pom("g", "a", "1"), class()]);
    let evidence = read("a.jar", &bytes[..2_000]);
    assert_eq!(names(&evidence), ["g:a 1"]);
    assert_eq!(kinds(&evidence), [CoverageKind::UnreadableFile]);
}

#[test]
fn archives_are_opened_as_deep_as_the_limit_says() {
    let mut bytes = zip(&[pom("g", "inner", "1")]);
    for _ in 0..4_000 {
        bytes = zip(&[Member::stored("a.jar", &bytes)]);
    }
    let evidence = read("a.jar", &bytes);
    assert!(evidence.packages.is_empty());
    assert!(kinds(&evidence).contains(&CoverageKind::LimitExceeded));
}

#[test]
fn archives_beyond_number_end_the_reading() {
    let empty = zip(&[]);
    let many: Vec<_> = (0..11_000)
        .map(|_| Member::stored("a.jar", &empty))
        .collect();
    assert!(kinds(&read("many.jar", &zip(&many))).contains(&CoverageKind::LimitExceeded));
}

#[test]
fn a_bomb_ends_the_reading() {
    let zeros = vec![0; 70 << 20];
    let inner = zip(&[Member::deflated("META-INF/x", &zeros)]);
    let mut bytes = zip(&[Member::deflated(
        "zeros.jar",
        &[b"PK\x03\x04".as_slice(), &zeros].concat(),
    )]);
    assert!(kinds(&read("a.jar", &bytes)).contains(&CoverageKind::LimitExceeded));
    // What nobody asks for is not inflated at all.
    bytes = zip(&[Member::deflated("inner.jar", &inner), pom("g", "a", "1")]);
    assert_eq!(names(&read("a-1.jar", &bytes)), ["g:a 1"]);
}

#[test]
fn a_hidden_entry_is_said() {
    let hidden = zip(&[pom("g", "hidden", "1")]);
    let mut bytes = zip(&[
        Member::stored("cover", &hidden),
        Member::stored("pom.xml", b""),
    ]);
    let record = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[record + 42..record + 46].copy_from_slice(&35u32.to_le_bytes());
    let evidence = read("a.jar", &bytes);
    assert!(
        evidence
            .unknowns
            .iter()
            .any(|u| u.detail.contains("were not met"))
    );
}

#[test]
fn the_failure_of_the_stream_is_the_callers() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let inner = zip(&[class()]);
    let bytes = zip(&[Member::deflated("inner.jar", &inner)]);
    let mut stream = std::io::Read::chain(&bytes[..2_000], Broken);
    let error = archive::catalog("a.jar", &mut stream, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn no_damage_makes_the_reading_fail_hard() {
    let library = zip(&[manifest("Implementation-Version: 1\n"), pom("g", "a", "1")]);
    let bytes = zip(&[
        pom("g", "b", "1").large(),
        Member::deflated("lib.jar", &library).described(false),
        Member::stored("lib2.jar", &library),
    ]);
    for length in 0..bytes.len() {
        read("a.jar", &bytes[..length]);
    }
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            read("a.jar", &damaged);
        }
    }
}
