//! Every scheme is a total order over what it can read.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use scanyard_version::{Scheme, Version, compare};

/// Text that is often, but not always, a version. A separator always separates: the published
/// algorithms of several schemes make circles out of doubled and trailing ones, which no version has.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,3}",
        "[.:_~^+-](0?[0-9]{1,3}|[a-z]{1,2})",
        "alpha|beta|rc|pre|p|dev|final|sp|snapshot|git|post|a|b|z",
        "\\.[0-9]{1,2}",
        "-r[0-9]",
        "0[0-9]",
    ];
    (0u32..12, prop::collection::vec(piece, 0..6))
        .prop_map(|(n, rest)| format!("{n}{}", rest.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn orders_are_reflexive_antisymmetric_and_transitive(a in text(), b in text(), c in text()) {
        for (scheme, name) in Scheme::ALL {
            let parse = |text| Version::parse(scheme, text).ok();
            let (Some(x), Some(y), Some(z)) = (parse(&a), parse(&b), parse(&c)) else { continue };
            prop_assert!(x.compare(&x) == Some(std::cmp::Ordering::Equal), "{name}: {a} is not itself");
            let (xy, yx) = (x.compare(&y).unwrap(), y.compare(&x).unwrap());
            prop_assert!(xy == yx.reverse(), "{name}: {a} and {b} do not mirror");
            let (yz, xz) = (y.compare(&z).unwrap(), x.compare(&z).unwrap());
            if xy.is_le() && yz.is_le() {
                prop_assert!(xz.is_le(), "{name}: {a} <= {b} <= {c} but {a} > {c}");
                prop_assert!(!(xy.is_eq() && yz.is_eq()) || xz.is_eq(), "{name}: {a} = {b} = {c}");
            }
        }
    }

    #[test]
    fn no_text_makes_a_parser_fail_hard(a in ".{0,40}", b in ".{0,40}") {
        for (scheme, _) in Scheme::ALL {
            let _ = compare(scheme, &a, &b);
        }
    }
}

/// Found by the property above, and by fuzzing. Each list is in order, and the last comes after the first.
#[test]
fn qualifiers_after_dots_and_dashes_of_maven_make_no_circle() {
    for versions in [
        ["10a0", "10", "10.x.1", "10-x.1"],
        ["0.0.rc0-0.0.0.1", "0", "0.0.0-0.0.0999", "0.1"],
        ["1.0.alpha.1", "1", "1-5", "1.1"],
    ] {
        for (i, left) in versions.iter().enumerate() {
            for right in &versions[i + 1..] {
                let order = compare(Scheme::Maven, left, right);
                assert_eq!(order, Ok(std::cmp::Ordering::Less), "{left} {right}");
            }
        }
    }
}

#[test]
fn what_is_no_version_is_an_error_in_every_scheme() {
    for (scheme, name) in Scheme::ALL {
        assert!(compare(scheme, "", "1").is_err(), "{name} reads nothing");
        assert!(
            compare(scheme, &"1.".repeat(600), "1").is_err(),
            "{name} reads without bound"
        );
    }
}
