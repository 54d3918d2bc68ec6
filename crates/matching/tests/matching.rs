//! Advisories and packages in, findings out.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod fixture;

use fixture::check;

#[test]
fn one_flaw_is_one_finding_with_all_its_ids() {
    check(
        "
        advisory GHSA-1 | aliases CVE-1 | cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L
          PyPI Left_Pad | introduced 0, fixed 1.2.0
        advisory PYSEC-1 | aliases CVE-1 GHSA-1 | cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
          PyPI left-pad | introduced 1.0, fixed 1.2 | versions 1.0 1.1
        advisory PYSEC-2 | aliases CVE-2 CVE-3
          PyPI left-pad | introduced 0
        package pkg:pypi/left.pad@1.1
          affected CVE-1 = GHSA-1 = PYSEC-1 | by GHSA-1 | critical | fixed 1.2 1.2.0
          affected PYSEC-2 = CVE-2 = CVE-3 | by PYSEC-2
        package pkg:pypi/left-pad@1.2
          affected PYSEC-2 = CVE-2 = CVE-3 | by PYSEC-2
        package pkg:pypi/right-pad@1.1
          nothing
        ",
    );
}

#[test]
fn ranges_and_lists_each_suffice() {
    check(
        "
        advisory GHSA-1
          npm a | introduced 1.0.0, last_affected 1.2.0, introduced 2.0.0, fixed 2.1.0 | versions 0.5.0
        advisory MAL-1
          npm b | versions 6.6.6 7.0.0
        package pkg:npm/a@1.2.0
          affected GHSA-1 | by GHSA-1 | fixed 2.1.0
        package pkg:npm/a@1.2.1
          nothing
        package pkg:npm/a@2.0.5
          affected GHSA-1 | by GHSA-1 | fixed 2.1.0
        package pkg:npm/a@v0.5
          affected GHSA-1 | by GHSA-1 | fixed 2.1.0
        package pkg:npm/b@7.0.0
          affected MAL-1 | by MAL-1
        package pkg:npm/b@7.0.1
          nothing
        ",
    );
}

#[test]
fn what_cannot_be_compared_is_undetermined() {
    check(
        "
        advisory GHSA-1
          npm a | introduced 0, fixed next
        advisory GHSA-2
          npm b | git 0123456789abcdef
        advisory GHSA-3
          npm c
        advisory GHSA-4
          npm d | introduced 0, fixed 2.0.0 | versions latest
        package pkg:npm/a@1.0.0
          undetermined GHSA-1 | by GHSA-1 | the advisory's version \"next\" is not a semver version: a component is not a number
        package pkg:npm/b@1.0.0
          undetermined GHSA-2 | by GHSA-2 | the advisory names git commits only
        package pkg:npm/c@1.0.0
          undetermined GHSA-3 | by GHSA-3 | the advisory does not say which versions are affected
        package pkg:npm/d@latest
          affected GHSA-4 | by GHSA-4
          coverage invalid_version: the installed version \"latest\" is not a semver version: a component is not a number; advisories about it cannot be compared
        package pkg:npm/d@main
          undetermined GHSA-4 | by GHSA-4 | the installed version \"main\" is not a semver version: a component is not a number
          coverage invalid_version: the installed version \"main\" is not a semver version: a component is not a number; advisories about it cannot be compared
        ",
    );
}

#[test]
fn withdrawn_records_do_not_match() {
    check(
        "
        advisory GHSA-1 | withdrawn
          npm a | introduced 0
        package pkg:npm/a@1.0.0
          nothing
        ",
    );
}

#[test]
fn the_page_on_a_cve_prevails_over_advisories_of_a_day() {
    check(
        "
        advisory DSA-1-1 | upstream CVE-1 DEBIAN-CVE-1 CVE-2 DEBIAN-CVE-2
          Debian:12 openssl | introduced 0, fixed 3.0.11-1
        advisory DSA-1-2 | upstream CVE-1 DEBIAN-CVE-1
          Debian:12 openssl | introduced 0, fixed 3.0.11-2
        advisory DEBIAN-CVE-1 | upstream CVE-1
          Debian:12 openssl | introduced 0, fixed 3.0.11-1 | urgency high**
          Debian:11 openssl | introduced 0 | urgency unimportant
        package pkg:deb/debian/libssl3@3.0.10-1?distro=debian-12&upstream=openssl
          affected CVE-1 = DEBIAN-CVE-1 = DSA-1-1 = DSA-1-2 | by DEBIAN-CVE-1 | high | fixed 3.0.11-1
          affected CVE-2 = DEBIAN-CVE-2 = DSA-1-1 | by DSA-1-1 | fixed 3.0.11-1
        package pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl
          nothing
        package pkg:deb/debian/libssl1.1@1.1.1?distro=debian-11&upstream=openssl
          affected CVE-1 = DEBIAN-CVE-1 | by DEBIAN-CVE-1 | negligible
        package pkg:deb/debian/libssl3@1?distro=debian-13&upstream=openssl
          nothing
        ",
    );
}

#[test]
fn the_version_of_the_source_package_counts() {
    check(
        "
        advisory DSA-1 | upstream CVE-1
          Debian:12 gcc-defaults | introduced 0, fixed 1.204
        package pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults%401.203
          affected CVE-1 = DSA-1 | by DSA-1 | fixed 1.204
        package pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults%401.204
          nothing
        ",
    );
}

#[test]
fn a_fixed_version_is_one_that_no_range_holds() {
    check(
        "
        advisory ALPINE-CVE-1 | upstream CVE-1
          Alpine:v3.11 lame | introduced 0, fixed 3.100-r0
          Alpine:v3.11 lame | introduced 0, fixed 3.99.5-r6
        package pkg:apk/alpine/lame@3.99.4-r0?distro=alpine-3.11.5
          affected CVE-1 = ALPINE-CVE-1 | by ALPINE-CVE-1 | fixed 3.100-r0
        package pkg:apk/alpine/lame@3.100-r0?distro=alpine-3.11.5
          nothing
        package pkg:deb/alpine/lame@3.99.4-r0?distro=alpine-3.11.5
          nothing
        ",
    );
}

#[test]
fn every_cve_of_an_erratum_is_a_finding_and_bug_fixes_are_none() {
    check(
        "
        advisory ALSA-1 | related CVE-1 CVE-2
          AlmaLinux:9 dbus | introduced 0, fixed 1:1.12.20-9.el9
        advisory ALBA-1
          AlmaLinux:9 dbus | introduced 0, fixed 1:1.12.20-10.el9
        package pkg:rpm/almalinux/dbus@1.12.20-8.el9?distro=almalinux-9.4&epoch=1
          affected CVE-1 = ALSA-1 | by ALSA-1 | fixed 1:1.12.20-9.el9
          affected CVE-2 = ALSA-1 | by ALSA-1 | fixed 1:1.12.20-9.el9
        package pkg:rpm/almalinux/dbus@1.12.20-9.el9?distro=almalinux-9.4&epoch=1
          nothing
        package pkg:rpm/almalinux/dbus@1.12.20-10.el9?distro=almalinux-9.4
          affected CVE-1 = ALSA-1 | by ALSA-1 | fixed 1:1.12.20-9.el9
          affected CVE-2 = ALSA-1 | by ALSA-1 | fixed 1:1.12.20-9.el9
        ",
    );
}

#[test]
fn builds_compare_with_builds_of_their_own_module() {
    check(
        "
        advisory ALSA-1 | related CVE-1 | summary Moderate: nodejs:16 security update
          AlmaLinux:8 nodejs | introduced 0, fixed 1:16.14.0-4.module_el8.6.0+3048+aaaa
          AlmaLinux:8 nodejs | introduced 0, fixed 1:16.14.0-4.module_el8.5.0+2741+bbbb
        package pkg:rpm/almalinux/nodejs@16.14.0-4.module_el8.5.0+2741+bbbb?distro=almalinux-8.6&epoch=1
          nothing
        package pkg:rpm/almalinux/nodejs@16.13.0-4.module_el8.5.0+2000+cccc?distro=almalinux-8.6&epoch=1
          affected CVE-1 = ALSA-1 | by ALSA-1 | medium | fixed 1:16.14.0-4.module_el8.5.0+2741+bbbb
        package pkg:rpm/almalinux/nodejs@14.19.0-2.module_el8.5.0+2000+cccc?distro=almalinux-8.6&epoch=1
          nothing
        package pkg:rpm/almalinux/nodejs@14.19.0-2.el8?distro=almalinux-8.6&epoch=1
          nothing
        ",
    );
}

#[test]
fn a_label_says_which_stream_is_installed_where_versions_do_not() {
    check(
        "
        advisory ALSA-1 | related CVE-1 | summary Moderate: virt:rhel and virt-devel:rhel security update
          AlmaLinux:8 qemu-kvm | introduced 0, fixed 15:4.2.0-48.module_el8.4.0+2048+aaaa
        advisory ALSA-2 | related CVE-2 | summary Important: nodejs:18 security update
          AlmaLinux:8 nodejs-nodemon | introduced 0, fixed 3.0.1-1.module_el8.8.0+3048+aaaa
        package pkg:rpm/almalinux/qemu-kvm@4.2.0-40.module_el8.4.0+1900+bbbb?distro=almalinux-8.6&epoch=15&rpmmod=virt:rhel:8040:522a
          affected CVE-1 = ALSA-1 | by ALSA-1 | medium | fixed 15:4.2.0-48.module_el8.4.0+2048+aaaa
        package pkg:rpm/almalinux/qemu-kvm@4.2.0-40.module_el8.4.0+1900+bbbb?distro=almalinux-8.6&epoch=15&rpmmod=virt:av:8040:522a
          nothing
        package pkg:rpm/almalinux/nodejs-nodemon@2.0.20-3.module_el8.8.0+1+bbbb?distro=almalinux-8.6&rpmmod=nodejs:16:8080:522a
          nothing
        package pkg:rpm/almalinux/nodejs-nodemon@2.0.20-3.module_el8.8.0+1+bbbb?distro=almalinux-8.6&rpmmod=nodejs:18:8080:522a
          affected CVE-2 = ALSA-2 | by ALSA-2 | high | fixed 3.0.1-1.module_el8.8.0+3048+aaaa
        ",
    );
}

#[test]
fn go_versions_compare_in_all_their_spellings() {
    check(
        "
        advisory GO-1 | aliases CVE-1
          Go stdlib | introduced 0, fixed 1.20.8, introduced 1.21.0-0, fixed 1.21.1
        advisory GO-2
          Go example.org/m | introduced 0, fixed 1.6.1
        advisory GO-3
          Go example.org/old | introduced 0 | custom introduced 0, fixed 5.3.0
        package pkg:golang/stdlib@1.21rc2
          affected CVE-1 = GO-1 | by GO-1 | fixed 1.21.1
        package pkg:golang/stdlib@go1.20.8
          nothing
        package pkg:golang/example.org/m@v0.0.0-20230101000000-abcdefabcdef
          affected GO-2 | by GO-2 | fixed 1.6.1
        package pkg:golang/example.org/m@v1.6.1+incompatible
          nothing
        package pkg:golang/example.org/m@(devel)
          undetermined GO-2 | by GO-2 | the installed version \"(devel)\" is not a go version: a component is not a number
          coverage invalid_version: the installed version \"(devel)\" is not a go version: a component is not a number; advisories about it cannot be compared
        package pkg:golang/example.org/unnamed@(devel)
          nothing
        package pkg:golang/example.org/old@v5.3.0+incompatible
          nothing
        package pkg:golang/example.org/old@v5.2.0+incompatible
          affected GO-3 | by GO-3 | fixed 5.3.0
        ",
    );
}

#[test]
fn a_local_build_has_the_flaws_of_its_release() {
    check(
        "
        advisory PYSEC-1
          PyPI torch | introduced 0, last_affected 2.0.0
        advisory PYSEC-2
          PyPI torch | introduced 0, fixed 2.0.0
        advisory PYSEC-3
          PyPI torch | versions 2.0
        package pkg:pypi/torch@2.0.0%2Bcu118
          affected PYSEC-1 | by PYSEC-1
          affected PYSEC-3 | by PYSEC-3
        ",
    );
}
