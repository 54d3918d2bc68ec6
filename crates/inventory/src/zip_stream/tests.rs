use std::io::Read;

use memchr::memmem;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::zip_writer::{Member, zip, zip_with_prefix};

/// Names and contents of entries, the directory, and what went wrong.
type Walked = (Vec<(String, Vec<u8>)>, Option<Directory>, Option<ZipError>);

fn walk(bytes: &[u8]) -> Walked {
    let meter = Meter::default();
    let mut stream = bytes;
    let mut zip = ZipStream::new(&mut stream, &meter);
    let (mut entries, mut failure) = (Vec::new(), None);
    loop {
        match zip.next_entry() {
            Ok(Some(entry)) => {
                let mut content = Vec::new();
                match zip.content() {
                    Ok(mut reader) => drop(reader.read_to_end(&mut content)),
                    Err(error) => failure = Some(error),
                }
                entries.push((entry.name, content));
            }
            Ok(None) => return (entries, zip.into_directory(), failure),
            Err(error) => return (entries, zip.into_directory(), Some(error)),
        }
    }
}

fn names(entries: &[(String, Vec<u8>)]) -> Vec<&str> {
    entries.iter().map(|(name, _)| name.as_str()).collect()
}

/// Every way that an entry can be written.
fn every_way(content: &[u8]) -> Vec<Member> {
    let plain = Member::stored("stored", content);
    vec![
        plain.clone(),
        Member::deflated("deflated", content),
        plain.clone().named("stored, described").described(true),
        Member::deflated("deflated, described", content).described(true),
        plain.clone().named("no signature").described(false),
        Member::deflated("deflated, no signature", content).described(false),
        plain.named("large").large(),
        Member::deflated("large, described", content)
            .large()
            .described(true),
        Member::deflated("large, no signature", content)
            .large()
            .described(false),
    ]
}

#[test]
fn entries_are_read_however_they_are_written() {
    let mut noise: Vec<u8> = (0..300_000u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    noise.extend(b"PK\x03\x04PK\x07\x08PK\x01\x02".repeat(50));
    for content in [&b""[..], b"x", &noise] {
        let members = every_way(content);
        let (entries, directory, failure) = walk(&zip(&members));
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(entries.len(), members.len());
        for ((name, read), member) in entries.iter().zip(&members) {
            assert_eq!(name, member.name());
            assert!(read == content, "{name} of {} bytes", content.len());
        }
        assert!(!directory.unwrap().hides_entries);
    }
}

#[test]
fn content_is_read_whole_through_the_smallest_buffer() {
    let text = b"text ".repeat(10_000);
    let bytes = zip(&[Member::deflated("a", &text).described(true)]);
    let meter = Meter::default();
    let mut stream = bytes.as_slice();
    let mut zip = ZipStream::new(&mut stream, &meter);
    zip.next_entry().unwrap();
    let mut content = zip.content().unwrap();
    for expected in text {
        let mut byte = [0];
        content.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [expected]);
    }
    assert_eq!(content.read(&mut [0]).unwrap(), 0);
}

#[test]
fn content_that_nobody_reads_is_moved_over() {
    let bytes = zip(&every_way(&[7; 200_000]));
    let meter = Meter::default();
    let mut stream = bytes.as_slice();
    let mut zip = ZipStream::new(&mut stream, &meter);
    let mut count = 0;
    while let Some(_entry) = zip.next_entry().unwrap() {
        let mut some = [0; 100];
        if count % 2 == 0 {
            zip.content().unwrap().read_exact(&mut some).unwrap();
        }
        count += 1;
    }
    assert_eq!(count, 9);
    assert!(!zip.into_directory().unwrap().hides_entries);
}

#[test]
fn a_script_in_front_is_moved_over_whether_or_not_offsets_count_it() {
    let members = [Member::deflated("a", b"text")];
    for counted in [true, false] {
        let bytes = zip_with_prefix(&members, b"#!/bin/sh\nexec java -jar $0\n", counted);
        let (entries, directory, _) = walk(&bytes);
        assert_eq!(names(&entries), ["a"]);
        let directory = directory.unwrap();
        assert!(!directory.hides_entries);
        assert!(directory.lists(28));
    }
}

#[test]
fn an_entry_that_the_directory_does_not_list_is_not_listed() {
    let bytes = zip(&[
        Member::stored("old", b"1").unlisted(),
        Member::stored("new", b"2"),
    ]);
    let (entries, directory, _) = walk(&bytes);
    assert_eq!(names(&entries), ["old", "new"]);
    let directory = directory.unwrap();
    assert!(!directory.lists(0) && directory.lists(34));
    assert!(!directory.hides_entries);
}

#[test]
fn entries_hidden_from_a_walk_are_noticed() {
    // One entry claims the bytes of the next as its own.
    let hidden = zip(&[Member::stored("hidden", b"x")]);
    let mut bytes = zip(&[Member::stored("cover", &hidden), Member::stored("b", b"")]);
    let (_, directory, _) = walk(&bytes);
    assert!(!directory.unwrap().hides_entries);
    // The directory's second record is turned to the entry inside the first.
    let record = memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[record + 42..record + 46].copy_from_slice(&35u32.to_le_bytes());
    let (entries, directory, _) = walk(&bytes);
    assert_eq!(names(&entries), ["cover", "b"]);
    assert!(directory.unwrap().hides_entries);
}

#[test]
fn an_entry_with_another_name_in_the_directory_is_noticed() {
    let mut bytes = zip(&[Member::stored("a.class", b"x")]);
    let name = memmem::rfind(&bytes, b"a.class").unwrap();
    bytes[name..name + 7].copy_from_slice(b"pom.xml");
    let (_, directory, _) = walk(&bytes);
    assert!(directory.unwrap().hides_entries);
}

#[test]
fn of_archives_behind_one_another_the_last_directory_counts() {
    let mut bytes = zip(&[Member::stored("first", b"x")]);
    let second = bytes.len() as u64;
    bytes.extend(zip(&[Member::stored("second", b"x")]));
    let (entries, directory, _) = walk(&bytes);
    assert_eq!(names(&entries), ["first", "second"]);
    let directory = directory.unwrap();
    assert!(!directory.lists(0) && directory.lists(second));
}

#[test]
fn archives_cut_anywhere_end_without_a_directory() {
    let bytes = zip(&every_way(b"some text, some text"));
    for length in 0..bytes.len() - 22 {
        let (_, directory, _) = walk(&bytes[..length]);
        assert!(directory.is_none(), "{length} of {}", bytes.len());
    }
}

#[test]
fn what_inflates_without_end_is_refused() {
    let bomb = vec![0; 80 << 20];
    let bytes = zip(&[Member::deflated("bomb", &bomb)]);
    let meter = Meter::default();
    let mut stream = bytes.as_slice();
    let mut metered = Metered::new(&mut stream, &meter);
    let mut zip = ZipStream::new(&mut metered, &meter);
    zip.next_entry().unwrap();
    let mut sink = std::io::sink();
    let error = std::io::copy(&mut zip.content().unwrap(), &mut sink).unwrap_err();
    assert!(matches!(error.into(), ZipError::Limit(_)));
    assert!(meter.is_exhausted());
}

#[test]
fn encrypted_entries_are_refused_and_moved_over() {
    let mut bytes = zip(&[Member::stored("a", b"x"), Member::stored("b", b"y")]);
    bytes[6] = 1;
    let (entries, _, failure) = walk(&bytes);
    assert_eq!(names(&entries), ["a", "b"]);
    assert!(matches!(failure, Some(ZipError::Malformed(_))));
}

#[test]
fn sizes_that_lie_are_noticed() {
    let whole = zip(&[
        Member::stored("a", b"0123456789"),
        Member::stored("b", b"y"),
    ]);
    for lie in [0u32, 9, 11, 40, 45, 1 << 20] {
        let mut bytes = whole.clone();
        bytes[18..22].copy_from_slice(&lie.to_le_bytes());
        let (_, directory, failure) = walk(&bytes);
        let is_noticed = failure.is_some() || directory.is_none_or(|found| found.hides_entries);
        assert!(is_noticed, "{lie}");
    }
}

/// Content that looks like the structure around it more often than chance would have it.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"PK\x03\x04".to_vec()),
        Just(b"PK\x07\x08".to_vec()),
        Just(b"PK\x01\x02".to_vec()),
        Just(b"PK\x05\x06".to_vec()),
        (0u32..200).prop_map(|length| length.to_le_bytes().to_vec()),
        Just(vec![0; 70_000]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn member() -> impl Strategy<Value = Member> {
    let descriptor = prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    (content(), any::<bool>(), any::<bool>(), descriptor).prop_map(
        |(content, deflated, large, descriptor)| {
            let mut member = match deflated {
                true => Member::deflated("a", &content),
                false => Member::stored("a", &content),
            };
            if large {
                member = member.large();
            }
            match descriptor {
                Some(signature) => member.described(signature),
                None => member,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_entries_hold_they_are_walked_one_by_one(members in prop::collection::vec(member(), 0..6)) {
        let (entries, directory, failure) = walk(&zip(&members));
        prop_assert!(failure.is_none());
        prop_assert_eq!(entries.len(), members.len());
        prop_assert!(!directory.unwrap().hides_entries);
    }

    #[test]
    fn no_bytes_make_the_walk_fail_hard(bytes in content()) {
        walk(&bytes);
    }
}
