//! One set of packages in every format: `Packages.little` and `Packages.big` were written by
//! Berkeley DB 5.3 and `rpmdb.sqlite` by SQLite, with small pages so that buckets overflow, trees
//! have branches and rows go on on other pages. `Packages.ndb` was laid out by hand.

use std::collections::BTreeSet;

use scanyard_package::SourcePackage;

use super::*;

const SQLITE: &[u8] = include_bytes!("fixtures/rpmdb.sqlite");
const NDB: &[u8] = include_bytes!("fixtures/Packages.ndb");
const LITTLE: &[u8] = include_bytes!("fixtures/Packages.little");
const BIG: &[u8] = include_bytes!("fixtures/Packages.big");
const FORMATS: [&[u8]; 4] = [SQLITE, NDB, LITTLE, BIG];

/// Whatever the path, the bytes say which format it is.
fn catalog(database: &[u8]) -> FileEvidence {
    Database.catalog("var/lib/rpm/Packages", database)
}

fn versions(evidence: &FileEvidence) -> BTreeSet<String> {
    let packages = evidence.packages.iter();
    packages
        .map(|declared| format!("{}@{}", declared.package.name, declared.package.version))
        .collect()
}

#[test]
fn every_format_holds_the_same_packages() {
    let mut expected: BTreeSet<_> = (0..24).map(|n| format!("small{n:02}@1.{n}-1")).collect();
    expected.extend(["big@0:1-1", "python3-p@1:2.0-3.el8"].map(str::to_owned));
    for database in FORMATS {
        let evidence = catalog(database);
        assert_eq!(evidence.unknowns, []);
        assert_eq!(versions(&evidence), expected);
    }
}

#[test]
fn a_header_gives_all_that_is_known_of_its_package() {
    for database in FORMATS {
        let evidence = catalog(database);
        let mut packages = evidence.packages.iter();
        let declared = packages.find(|d| d.package.name == "python3-p").unwrap();
        let package = &declared.package;
        assert_eq!(package.arch.as_deref(), Some("noarch"));
        assert_eq!(package.module.as_deref(), Some("p:2:8020:abc"));
        let source = SourcePackage {
            name: "python-p".into(),
            version: "1:2.0-3.el8".into(),
        };
        assert_eq!(package.source, Some(source));
        assert_eq!(declared.licences, ["MIT and BSD"]);
        assert_eq!(declared.vendor.as_deref(), Some("Some Vendor"));
    }
}

#[test]
fn files_in_which_a_language_package_can_lie_are_owned() {
    for database in FORMATS {
        let packages = catalog(database).packages;
        let owned: Vec<_> = packages.into_iter().flat_map(|p| p.owned).collect();
        let expected = [
            "usr/lib/python3.6/site-packages/p-2.0.dist-info/METADATA",
            "usr/bin/p",
        ];
        assert_eq!(owned, expected);
    }
}

#[test]
fn a_source_of_the_same_version_has_the_same_epoch_and_another_has_none() {
    let mut package =
        scanyard_package::Package::new(scanyard_package::PackageKind::Rpm, "perl-libs", "4:5.26-1");
    let source = |file: &str, package: &_| {
        package::read_source(file, package).map(|s| format!("{} {}", s.name, s.version))
    };
    let read = source("perl-5.26-1.src.rpm", &package);
    assert_eq!(read.as_deref(), Some("perl 4:5.26-1"));
    package.version = "0:1.50-1".into();
    let read = source("perl-5.26-1.nosrc.rpm", &package);
    assert_eq!(read.as_deref(), Some("perl 5.26-1"));
    assert_eq!(source("perl-libs-1.50-1.src.rpm", &package), None);
    assert_eq!(source("(none)", &package), None);
}

#[test]
fn a_manifest_has_a_package_a_line() {
    let text = "vim\t9.0-1.cm2\t1\t2\tMicrosoft Corporation\t2\t45\tx86_64\t2\tvim-9.0-1.cm2.src.rpm\n\
        glibc\t2.35-2.cm2\t1\t2\tMicrosoft Corporation\t(none)\t5\tx86_64\t0\tglibc-2.35-2.cm2.src.rpm\n\
        odd\n";
    let path = "var/lib/rpmmanifest/container-manifest-2";
    let evidence = Manifest.catalog(path, text.as_bytes());
    let expected = ["glibc@2.35-2.cm2", "vim@2:9.0-1.cm2"].map(str::to_owned);
    assert_eq!(versions(&evidence), BTreeSet::from(expected));
    assert_eq!(evidence.unknowns.len(), 1);
}

#[test]
fn of_two_formats_in_a_directory_the_newer_counts_unless_it_is_empty() {
    let stale = |databases: &[(&'static str, usize)]| {
        let stale = left_behind(databases.iter().copied());
        stale.into_iter().collect::<Vec<_>>()
    };
    let (old, new) = ("var/lib/rpm/Packages", "var/lib/rpm/rpmdb.sqlite");
    let elsewhere = "usr/lib/sysimage/rpm/Packages.db";
    assert_eq!(stale(&[(old, 9), (new, 9), (elsewhere, 9)]), [old]);
    assert!(stale(&[(old, 9), (new, 0)]).is_empty());
    assert!(stale(&[("opt/Packages", 9), (new, 9)]).is_empty());
}

#[test]
fn a_log_with_a_finished_transaction_is_said_and_an_old_one_is_not() {
    let frame = |salt: u8, commit: u8| {
        let mut frame = vec![0; FRAME_HEADER + 512];
        frame[FRAME_COMMIT_AT + 3] = commit;
        frame[FRAME_SALT_AT..FRAME_SALT_AT + 8].fill(salt);
        frame
    };
    let mut log = vec![0; LOG_HEADER];
    log[LOG_PAGE_SIZE_AT + 2] = 2;
    log[LOG_SALT_AT..LOG_SALT_AT + 8].fill(7);
    let unknowns = |frames: &[Vec<u8>]| {
        let content = [log.clone(), frames.concat()].concat();
        WriteAheadLog
            .catalog("var/lib/rpm/rpmdb.sqlite-wal", &content)
            .unknowns
            .len()
    };
    assert_eq!(unknowns(&[frame(7, 0), frame(7, 3)]), 1);
    assert_eq!(unknowns(&[frame(7, 0), frame(6, 3)]), 0);
    assert_eq!(unknowns(&[]), 0);
    assert!(WriteAheadLog.catalog("x", b"").unknowns.is_empty());
}

#[test]
fn what_is_no_database_is_said() {
    for bytes in [
        &b""[..],
        b"SQLite format 3\0",
        b"RpmP",
        b"text that is none of the formats",
    ] {
        assert_eq!(catalog(bytes).unknowns.len(), 1, "{bytes:?}");
    }
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn a_database_cut_short_keeps_what_is_whole_and_says_so() {
    for database in FORMATS {
        let whole = versions(&catalog(database));
        for length in (0..database.len()).step_by(97) {
            let evidence = catalog(&database[..length]);
            let found = versions(&evidence);
            assert!(found.is_subset(&whole));
            // Pages of other tables may be gone without harm.
            assert!(found == whole || !evidence.unknowns.is_empty(), "{length}");
        }
    }
}

#[test]
fn bytes_turned_at_random_never_panic_nor_multiply_the_packages() {
    let mut numbers = Numbers(1);
    for database in FORMATS {
        for _ in 0..300 {
            let mut broken = database.to_vec();
            for _ in 0..=numbers.below(8) {
                let at = numbers.below(broken.len());
                broken[at] = u8::try_from(numbers.below(256)).unwrap();
            }
            assert!(catalog(&broken).packages.len() <= 27);
        }
    }
}

/// Headers that say of their tags what random numbers say.
#[test]
fn headers_of_random_entries_never_panic() {
    let mut numbers = Numbers(2);
    for _ in 0..20_000 {
        let entries = numbers.below(6);
        let length = numbers.below(64);
        let mut bytes = Vec::new();
        bytes.extend(u32::try_from(entries).unwrap().to_be_bytes());
        bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        for _ in 0..entries {
            let tags = [1000, 1001, 1002, 1003, 1027, 1044, 1116, 1117, 1118];
            let kinds = [4, 6, 8, 9];
            let numbers = [
                tags[numbers.below(tags.len())],
                kinds[numbers.below(kinds.len())],
                u32::try_from(numbers.below(70)).unwrap(),
                [1, 3, u32::MAX][numbers.below(3)],
            ];
            bytes.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
        }
        bytes.extend((0..length).map(|_| [0, b'a', b'/', 1][numbers.below(4)]));
        let _ = Reading::default().add_header(&bytes);
    }
}

fn sqlite_page(kind: u8, cells: &[u16], last: u32) -> Vec<u8> {
    let mut page = vec![0; 512];
    page[0] = kind;
    page[3..5].copy_from_slice(&u16::try_from(cells.len()).unwrap().to_be_bytes());
    page[8..12].copy_from_slice(&last.to_be_bytes());
    for (position, cell) in cells.iter().enumerate() {
        let at = if kind == 5 { 12 } else { 8 } + 2 * position;
        page[at..at + 2].copy_from_slice(&cell.to_be_bytes());
    }
    page
}

#[test]
fn a_tree_that_turns_in_circles_is_walked_once() {
    // The schema's one page and the table's root, of which every child is the root again.
    let mut database = SQLITE[..512].to_vec();
    let root = (2..).find(|page| {
        let start = (page - 1) * 512;
        SQLITE[start] == 5
    });
    let root = root.unwrap();
    database.resize((root - 1) * 512, 0);
    let number = u32::try_from(root).unwrap();
    let mut page = sqlite_page(5, &[500; 200], number);
    page[500..504].copy_from_slice(&number.to_be_bytes());
    database.extend(page);
    let evidence = catalog(&database);
    assert!(evidence.packages.is_empty());
    assert!(
        evidence.unknowns[0].detail.contains("201"),
        "{:?}",
        evidence.unknowns
    );
}

#[test]
fn blobs_that_overlap_and_giant_lengths_are_refused() {
    // Every slot leads to the blob of the first.
    let mut overlapping = NDB.to_vec();
    for slot in 3..200 {
        let first: [u8; 16] = NDB[32..48].try_into().unwrap();
        overlapping[slot * 16..slot * 16 + 16].copy_from_slice(&first);
    }
    let evidence = catalog(&overlapping);
    assert!(evidence.packages.len() < 100);
    assert_eq!(evidence.unknowns.len(), 1);
    let mut giant = NDB.to_vec();
    giant[12..16].fill(0xff);
    assert_eq!(catalog(&giant).unknowns.len(), 1);
}

#[test]
fn a_file_list_out_of_proportion_is_refused() {
    let directory = "d".repeat(4000);
    let names = "a\0".repeat(10_000);
    let mut values = b"n\x001\x001\x00".to_vec();
    let mut entries = vec![(1000, 6, 0, 1), (1001, 6, 2, 1), (1002, 6, 4, 1)];
    entries.push((1118, 8, values.len(), 1));
    values.extend(format!("{directory}\0").bytes());
    entries.push((1117, 8, values.len(), 10_000));
    values.extend(names.bytes());
    entries.push((1116, 4, values.len(), 10_000));
    values.extend([0; 40_000]);
    let mut bytes = Vec::new();
    for number in [entries.len(), values.len()] {
        bytes.extend(u32::try_from(number).unwrap().to_be_bytes());
    }
    for (tag, kind, at, count) in entries {
        let numbers = [tag, kind, u32::try_from(at).unwrap(), count];
        bytes.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
    }
    bytes.extend(values);
    let mut reading = Reading::default();
    assert_eq!(reading.add_header(&bytes), Err(Damage::Paths));
    assert_eq!(reading.evidence.packages.len(), 1);
}
