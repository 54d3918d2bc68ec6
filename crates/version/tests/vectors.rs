//! Ascending versions of every scheme, and spellings of the same version.

use std::cmp::Ordering;

use scanyard_version::{Scheme, Version, compare};

/// Lines of a scheme: versions in ascending order; `=` joins what is equal.
const ASCENDING: [(Scheme, &str); 17] = [
    (
        Scheme::Deb,
        "1.0~~ 1.0~rc1-1 1.0=0:1.0=1.0-0 1.0-1~bpo1 1.0-1=1.0-01 1.0-1+deb12u1 1.0-1+deb12u10 1.0a-1 1.0+b 1.1 1:0.1",
    ),
    (
        Scheme::Rpm,
        "1.0~rc1-1 1.0=0:1.0 1.0-1.el8=0:1.0-1.el8 1.0-1.el9 1.0-10.el8 1.0^git1-1 1.0a 1.0.1 1.1 1:0.1",
    ),
    (
        Scheme::Apk,
        "1.0_alpha 1.0_rc1 1.0 1.0-r1 1.0-r10 1.0_git1 1.0_p1 1.0a 1.0p2 1.0.1 1.2",
    ),
    (
        Scheme::Semver,
        "0.0.0-0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0=v1.0.0=1.0=1.0.0+build 1.10.0",
    ),
    (
        Scheme::Pep440,
        "1.0.dev1 1.0a1=1.0.alpha1 1.0b2 1.0rc1=1.0c1 1.0=1.0.0=v1.0 1.0+local.1 1.0.post1=1.0-1 1.1 1!0.1",
    ),
    (
        Scheme::Maven,
        "1.0-alpha-1=1.0-a1 1.0-beta 1.0-rc1=1.0-cr1 1.0-SNAPSHOT 1.0=1=1.0-ga=1.0.final 1.0-sp 1.0-1 1.0.1",
    ),
    (
        Scheme::RubyGems,
        "1.0.a 1.0.b1 1.0.pre=1.pre=1.0.pre.0 1.0=1=1.0.0 1.0.1 1.10",
    ),
    (
        Scheme::NuGet,
        "1.0-alpha=1.0-ALPHA 1.0=1.0.0.0=1.0+b 1.0.0.1 1.0.1",
    ),
    (
        Scheme::Packagist,
        "1.0-dev 1.0-alpha=1.0a 1.0-beta1 1.0-RC1=1.0rc1 1.0=v1.0 1.0.0 1.0.1 1.0-p1",
    ),
    (
        Scheme::Go,
        "v0.0.0-20190101000000-abcdefabcdef 1.21.0-0 go1.21rc2=1.21.0-rc.2 go1.21.0=v1.21.0=1.21 1.21.3=go1.21.3=v1.21.3+incompatible go1.22",
    ),
    (Scheme::Pub, "1.0.0-dev 1.0.0 1.0.0+1 1.0.0+2 1.0.1"),
    (Scheme::Hackage, "0.9 1 1.0 1.0.1 1.10"),
    (Scheme::Cran, "0.9 1.0=1-0 1.0-1=1.0.1 1.0-2 1.10"),
    (
        Scheme::Jvm,
        "1.7.0 1.8.0=8=8.0 1.8.0_292=8u292=8.0.292=1.8.0_292-b10 9 11.0.2-ea 11.0.2=11.0.2+9 11.0.10",
    ),
    (
        Scheme::Bitnami,
        "1.0.0-rc.1 1.0.0=1.0.0-0 1.0.0-1 1.0.0-2 1.0.1",
    ),
    (Scheme::Pacman, "1.0a 1.0 1.0-1 1.0-2 1.0.1 1:0.1"),
    (
        Scheme::Portage,
        "1_alpha 1_rc1 1=1-r0 1-r1 1_p1 1.01 1.1 1.1a 1.1.0",
    ),
];

#[test]
fn versions_ascend_in_every_scheme() {
    for (scheme, line) in ASCENDING {
        let groups: Vec<Vec<&str>> = line
            .split(' ')
            .map(|group| group.split('=').collect())
            .collect();
        for (i, left) in groups.iter().enumerate() {
            for (j, right) in groups.iter().enumerate() {
                check(scheme, left, right, i.cmp(&j));
            }
        }
    }
}

fn check(scheme: Scheme, left: &[&str], right: &[&str], expected: Ordering) {
    for l in left {
        for r in right {
            assert_eq!(compare(scheme, l, r), Ok(expected), "{scheme}: {l} and {r}");
        }
    }
}

#[test]
fn the_list_of_vectors_is_whole() {
    for (scheme, name) in Scheme::ALL {
        assert!(
            ASCENDING.iter().any(|(listed, _)| *listed == scheme),
            "{name} has no vectors"
        );
    }
}

#[test]
fn text_outside_the_grammar_is_an_error() {
    let refused = [
        (Scheme::Deb, "a:1.0"),
        (Scheme::Deb, "+1:1.0"),
        (Scheme::Deb, "1.0 2"),
        (Scheme::Deb, "99999999999:1"),
        (Scheme::Rpm, "1.0 1"),
        (Scheme::Rpm, "-1"),
        (Scheme::Apk, "1.0_unknown"),
        (Scheme::Apk, "1.0-1"),
        (Scheme::Semver, "latest"),
        (Scheme::Semver, "1..2"),
        (Scheme::Pep440, "2004d.x"),
        (Scheme::Go, "(devel)"),
        (Scheme::Go, "devel go1.22-abcdef"),
        (Scheme::RubyGems, "x1"),
    ];
    for (scheme, text) in refused {
        assert!(
            Version::parse(scheme, text).is_err(),
            "{scheme} reads {text}"
        );
    }
}
