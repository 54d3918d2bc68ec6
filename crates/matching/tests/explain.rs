//! Why a package is, or is not, affected, as people read it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod fixture;

use fixture::check;

#[test]
fn ranges_are_told_step_by_step() {
    check(
        "
        advisory DSA-1 | upstream CVE-1 | summary zlib - security update
          Debian:12 zlib | introduced 1:1.2.0, fixed 1:1.2.13-2
          Debian:11 zlib | introduced 0, fixed 1:1.2.11-4
        advisory ALPINE-CVE-1 | upstream CVE-1
          Alpine:v3.18 zlib | introduced 0, fixed 1.2.13-r1
        explain pkg:deb/debian/zlib1g@1:1.2.13-1?distro=debian-12&upstream=zlib cve-1
          CVE-1 in pkg:deb/debian/zlib1g@1:1.2.13-1?distro=debian-12&upstream=zlib
          Compared as zlib 1:1.2.13-1 of Debian:12.
          DSA-1 (follows from it): zlib - security update
            range: holds the version
              introduced 1:1.2.0  1:1.2.13-1 is newer
              fixed 1:1.2.13-2    1:1.2.13-1 is older
            affected: 1:1.2.13-1 is in the range from 1:1.2.0 before 1:1.2.13-2
          ALPINE-CVE-1 (follows from it)
            does not apply: it speaks of this package in Alpine:v3.18
          Verdict: affected, by DSA-1.
        explain pkg:deb/debian/zlib1g@1:1.2.13-2?distro=debian-12&upstream=zlib DSA-1
          DSA-1 in pkg:deb/debian/zlib1g@1:1.2.13-2?distro=debian-12&upstream=zlib
          Compared as zlib 1:1.2.13-2 of Debian:12.
          DSA-1: zlib - security update
            range: does not hold the version
              introduced 1:1.2.0  1:1.2.13-2 is newer
              fixed 1:1.2.13-2    1:1.2.13-2 is the same
            not affected: 1:1.2.13-2 is in no affected range or list
          Verdict: not affected, by DSA-1.
        ",
    );
}

#[test]
fn unknown_ids_and_other_packages_are_told_apart() {
    check(
        "
        advisory GHSA-1 | aliases CVE-1
          npm a | introduced 0 | versions 1.0.0 1.1.0
        advisory GHSA-2 | withdrawn
          npm b | introduced 0
        advisory GHSA-3 | related CVE-1
          npm b | introduced 0
        explain pkg:npm/a@1.0.0 CVE-2
          CVE-2 in pkg:npm/a@1.0.0
          Compared as a 1.0.0 of npm.
          Verdict: none. CVE-2 is unknown: no advisory of this revision has or names it. Check its spelling, or update the advisories with `scanyard db update`.
        explain pkg:npm/b@1.0.0 CVE-1
          CVE-1 in pkg:npm/b@1.0.0
          Compared as b 1.0.0 of npm.
          GHSA-1 (the same flaw)
            does not apply: it speaks of a (npm)
          GHSA-3 (names it as related)
            does not apply: it is about another flaw and names this one as related
          Verdict: not affected. CVE-1 is known, but no record of it that counts speaks of this package here.
        explain pkg:npm/b@1.0.0 GHSA-2
          GHSA-2 in pkg:npm/b@1.0.0
          Compared as b 1.0.0 of npm.
          GHSA-2
            does not apply: withdrawn by its publisher on 2024-02-03
          Verdict: not affected. GHSA-2 is known, but no record of it that counts speaks of this package here.
        explain pkg:npm/a@1.0 CVE-1
          CVE-1 in pkg:npm/a@1.0
          Compared as a 1.0 of npm.
          GHSA-1 (the same flaw)
            range: holds the version
              introduced 0  before every version
            list of 2 versions: has 1.0.0
            affected: every version is affected, 1.0 too
          GHSA-3 (names it as related)
            does not apply: it is about another flaw and names this one as related
          Verdict: affected, by GHSA-1.
        ",
    );
}
