//! Records are read back as they were written.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::disposition::Disposition;

fn ranges() -> impl Strategy<Value = Vec<Range>> {
    let kinds = prop_oneof![
        Just(EventKind::Introduced),
        Just(EventKind::Fixed),
        Just(EventKind::LastAffected),
        Just(EventKind::Limit),
    ];
    let event = (kinds, any::<String>()).prop_map(|(kind, version)| Event { kind, version });
    let range = (any::<bool>(), vec(event, 0..4));
    vec(
        range.prop_map(|(semver, events)| Range { semver, events }),
        0..3,
    )
}

fn ratings() -> impl Strategy<Value = Rating> {
    let score = (any::<String>(), any::<String>(), 0_u8..=100);
    let scores = score.prop_map(|(version, vector, tenths)| Score {
        version,
        vector,
        tenths,
    });
    (0_u8..6, option::of(any::<u8>()), vec(scores, 0..3)).prop_map(|(severity, best, scores)| {
        Rating {
            severity: severity_of_byte(severity),
            best,
            scores,
        }
    })
}

fn entries() -> impl Strategy<Value = Affected> {
    let texts = || vec(any::<String>(), 0..4);
    let names = (
        any::<String>(),
        any::<String>(),
        option::of(any::<String>()),
    );
    let specifics = vec((any::<String>(), texts()), 0..3);
    let rest = (any::<bool>(), option::of(ratings()), specifics, 0_u8..7);
    (names, ranges(), ranges(), texts(), rest).prop_map(
        |(names, ranges, custom_ranges, versions, (only_git, rating, specifics, disposition))| {
            Affected {
                ecosystem: names.0,
                name: names.1,
                disposition: Disposition::of_byte(disposition),
                urgency: names.2,
                ranges,
                custom_ranges,
                versions,
                only_git,
                rating,
                specifics,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_record_reads_back_as_written(
        id: String,
        summary: String,
        withdrawn: bool,
        aliases in vec(any::<String>(), 0..4),
        rating in ratings(),
        affected in vec(entries(), 0..3),
    ) {
        let time = DateTime::from_timestamp(1_700_000_000, 50_000_000).unwrap();
        let record = Record {
            modified: time,
            published: None,
            withdrawn: withdrawn.then_some(time),
            source: Some(summary.clone()),
            feed: summary.clone(),
            upstream: vec![id.clone()],
            related: Vec::new(),
            id,
            summary,
            aliases,
            rating,
            affected,
        };
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        prop_assert_eq!(Record::decode(&bytes), Some(record));
    }

    #[test]
    fn hostile_bytes_are_no_record_and_no_panic(bytes: Vec<u8>) {
        let _ = Record::decode(&bytes);
    }
}
