//! What is peculiar to each publisher, from its own format to findings.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod fixture;

use fixture::check;

#[test]
fn what_debian_decided_prevails_and_is_told() {
    check(
        r#"
        advisory DSA-1-1 | upstream CVE-2024-1 DEBIAN-CVE-2024-1
          Debian:12 zlib | introduced 0, fixed 9
        advisory DEBIAN-CVE-2024-2 | upstream CVE-2024-2 | cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
          Debian:12 zlib | introduced 0 | urgency low
          Debian:9 zlib | introduced 0, fixed 3
        file debian/json
          {"zlib": {"CVE-2024-1": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}},
            "CVE-2024-2": {"releases": {"bookworm": {"status": "open", "nodsa": "x", "nodsa_reason": "ignored"}}},
            "CVE-2024-3": {"releases": {"bookworm": {"status": "open", "nodsa": "x", "nodsa_reason": "postponed"}}},
            "CVE-2024-4": {"releases": {"bookworm": {"status": "open", "urgency": "end-of-life"}}},
            "CVE-2024-5": {"releases": {"bookworm": {"status": "undetermined"}}},
            "CVE-2024-6": {"releases": {"sid": {"status": "resolved", "fixed_version": "2"}}},
            "TEMP-1-2": {"releases": {"bookworm": {"status": "open"}}}}}
        package pkg:deb/debian/zlib1g@1?distro=debian-12&upstream=zlib
          affected CVE-2024-2 = DEBIAN-CVE-2024-2 | by DEBIAN-CVE-2024-2 | critical | will_not_fix
          affected CVE-2024-3 = DEBIAN-CVE-2024-3 | by DEBIAN-CVE-2024-3 | deferred
          affected CVE-2024-4 = DEBIAN-CVE-2024-4 | by DEBIAN-CVE-2024-4 | end_of_life
          undetermined CVE-2024-5 = DEBIAN-CVE-2024-5 | by DEBIAN-CVE-2024-5 | the publisher is still looking whether the package has the flaw
          affected DEBIAN-TEMP-1-2 | by DEBIAN-TEMP-1-2
        package pkg:deb/debian/zlib1g@1?distro=debian-9&upstream=zlib
          affected CVE-2024-2 = DEBIAN-CVE-2024-2 | by DEBIAN-CVE-2024-2 | critical | fixed 3
        package pkg:deb/debian/zlib1g@1?distro=debian&upstream=zlib
          affected CVE-2024-6 = DEBIAN-CVE-2024-6 | by DEBIAN-CVE-2024-6 | fixed 2
        "#,
    );
}

#[test]
fn alpine_is_matched_in_main_community_and_edge_once() {
    check(
        r#"
        advisory ALPINE-CVE-2024-1 | upstream CVE-2024-1 | cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L
          Alpine:v3.18 curl | introduced 8.0, fixed 8.1-r1
        file alpine/v3.18/main.json
          {"reponame": "main", "distroversion": "v3.18", "packages": [
            {"pkg": {"name": "curl", "secfixes": {"8.1-r2": ["CVE-2024-1"], "0": ["CVE-2024-2"]}}}]}
        file alpine/v3.18/community.json
          {"reponame": "community", "distroversion": "v3.18", "packages": [
            {"pkg": {"name": "go", "secfixes": {"1.20-r1": ["CVE-2024-3"]}}}]}
        file alpine/edge/main.json
          {"reponame": "main", "distroversion": "edge", "packages": [
            {"pkg": {"name": "curl", "secfixes": {"8.2-r0": ["CVE-2024-1"]}}}]}
        package pkg:apk/alpine/libcurl@7.9-r0?distro=alpine-3.18.4&upstream=curl
          affected CVE-2024-1 = ALPINE-CVE-2024-1 | by ALPINE-CVE-2024-1 | medium | fixed 8.1-r2
        package pkg:apk/alpine/go@1.20-r0?distro=alpine-3.18.4
          affected CVE-2024-3 = ALPINE-CVE-2024-3 | by ALPINE-CVE-2024-3 | fixed 1.20-r1
        package pkg:apk/alpine/curl@8.1-r2?distro=alpine-3.23.0_alpha20251224
          affected CVE-2024-1 = ALPINE-CVE-2024-1 | by ALPINE-CVE-2024-1 | medium | fixed 8.2-r0
        "#,
    );
}

#[test]
fn wolfi_clears_what_its_own_osv_records_call_affected() {
    check(
        r#"
        advisory CGA-1 | upstream CVE-2016-2781
          Wolfi coreutils | introduced 0
        file wolfi/security.json
          {"packages": [{"pkg": {"name": "coreutils", "secfixes": {"0": ["CVE-2016-2781"]}}}]}
        package pkg:apk/wolfi/coreutils@9.4-r0?distro=wolfi-20230201
          nothing
        "#,
    );
}

#[test]
fn support_that_is_bought_decides_before_what_everybody_has() {
    check(
        r#"
        advisory UBUNTU-CVE-2024-1 | upstream CVE-2024-1
          Ubuntu:18.04:LTS zlib | introduced 0
          Ubuntu:Pro:18.04:LTS zlib | introduced 0, fixed 1.2-1ubuntu1+esm2
        advisory UBUNTU-CVE-2024-2 | upstream CVE-2024-2
          Ubuntu:18.04:LTS zlib | introduced 0
        file ubuntu/CVE-2024-2.json
          {"timestamp": "2026-05-20T15:02:47Z", "statements": [{"vulnerability": {"name": "CVE-2024-2"}, "status": "affected",
            "action_statement": "the Ubuntu Security Team decided to not fix it", "products": [{"@id": "pkg:deb/ubuntu/zlib@1?arch=source&distro=bionic"}]}]}
        file ubuntu/CVE-2024-3.json
          {"timestamp": "2026-05-20T15:02:47Z", "statements": [{"vulnerability": {"name": "CVE-2024-3"}, "status": "not_affected",
            "products": [{"@id": "pkg:deb/ubuntu/zlib@1?arch=source&distro=bionic"}]}]}
        advisory USN-1-1 | upstream CVE-2024-3
          Ubuntu:18.04:LTS zlib | introduced 0, fixed 2
        package pkg:deb/ubuntu/zlib1g@1.2-1ubuntu1?distro=ubuntu-18.04&upstream=zlib
          affected CVE-2024-1 = UBUNTU-CVE-2024-1 | by UBUNTU-CVE-2024-1
          affected CVE-2024-2 = UBUNTU-CVE-2024-2 | by UBUNTU-CVE-2024-2 | will_not_fix
        package pkg:deb/ubuntu/zlib1g@1.2-1ubuntu1?channels=esm-infra&distro=ubuntu-18.04&upstream=zlib
          affected CVE-2024-1 = UBUNTU-CVE-2024-1 | by UBUNTU-CVE-2024-1 | fixed 1.2-1ubuntu1+esm2
          affected CVE-2024-2 = UBUNTU-CVE-2024-2 | by UBUNTU-CVE-2024-2 | will_not_fix
        package pkg:deb/ubuntu/zlib1g@1.2-1ubuntu1%2Besm3?distro=ubuntu-18.04&upstream=zlib
          affected CVE-2024-2 = UBUNTU-CVE-2024-2 | by UBUNTU-CVE-2024-2 | will_not_fix
        "#,
    );
}

#[test]
fn red_hat_is_matched_in_the_lane_and_module_of_the_image() {
    check(
        r#"
        file redhat/cve-2024-1.json
          {"document": {"title": "samba", "tracking": {"current_release_date": "2024-05-01T00:00:00Z"}, "aggregate_severity": {"text": "important"}},
           "product_tree": {"branches": [
             {"product": {"product_id": "rhel9", "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}},
             {"product": {"product_id": "base", "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"}}},
             {"product": {"product_id": "eus", "product_identification_helper": {"cpe": "cpe:/o:redhat:rhel_eus:9.2::baseos"}}},
             {"product": {"product_id": "app", "product_identification_helper": {"cpe": "cpe:/a:redhat:enterprise_linux:9::appstream"}}}],
            "relationships": [
             {"full_product_name": {"product_id": "base:libs"}, "product_reference": "samba-libs-0:4.18-3.el9.x86_64", "relates_to_product_reference": "base"},
             {"full_product_name": {"product_id": "eus:libs"}, "product_reference": "samba-libs-0:4.17-5.el9_2.x86_64", "relates_to_product_reference": "eus"},
             {"full_product_name": {"product_id": "app:node"}, "product_reference": "nodejs-1:18.1-1.module+el9.1.0+1.x86_64::nodejs:18", "relates_to_product_reference": "app"},
             {"full_product_name": {"product_id": "rhel9:bash"}, "product_reference": "bash", "relates_to_product_reference": "rhel9"},
             {"full_product_name": {"product_id": "rhel9:zlib"}, "product_reference": "zlib", "relates_to_product_reference": "rhel9"}]},
           "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": {"fixed": ["base:libs", "eus:libs", "app:node"],
             "known_affected": ["rhel9:bash"], "known_not_affected": ["rhel9:zlib"]},
             "remediations": [{"category": "no_fix_planned", "details": "Will not fix", "product_ids": ["rhel9:bash"]}]}]}
        package pkg:rpm/rhel/samba-libs@4.17-5.el9_2?arch=x86_64&distro=rhel-9.2&epoch=0
          affected CVE-2024-1 = REDHAT-CVE-2024-1 | by REDHAT-CVE-2024-1 | high | fixed 0:4.18-3.el9
        package pkg:rpm/rhel/samba-libs@4.17-5.el9_2?arch=x86_64&channels=rhel-9-for-x86_64-baseos-eus-rpms&distro=rhel-9.2&epoch=0
          nothing
        package pkg:rpm/rhel/nodejs@18.0-1.module%2Bel9.1.0%2B1?distro=rhel-9.2&epoch=1&rpmmod=nodejs:18:9010:abc
          affected CVE-2024-1 = REDHAT-CVE-2024-1 | by REDHAT-CVE-2024-1 | high | fixed 1:18.1-1.module+el9.1.0+1
        package pkg:rpm/rhel/nodejs@16.0-1.module%2Bel9.1.0%2B1?distro=rhel-9.2&epoch=1&rpmmod=nodejs:16:9010:abc
          nothing
        package pkg:rpm/rhel/nodejs@16.0-1.el9?distro=rhel-9.2&epoch=1
          nothing
        package pkg:rpm/rhel/bash-doc@5.1-1.el9?distro=rhel-9.2&upstream=bash
          affected CVE-2024-1 = REDHAT-CVE-2024-1 | by REDHAT-CVE-2024-1 | high | will_not_fix
        package pkg:rpm/rhel/zlib@1.2-1.el9?distro=rhel-9.2
          nothing
        "#,
    );
}

#[test]
fn suse_is_matched_by_source_in_its_service_pack() {
    check(
        r#"
        file suse/cve-2024-1.json
          {"document": {"title": "curl", "tracking": {"current_release_date": "2024-05-01T00:00:00Z"}},
           "product_tree": {"branches": [
             {"product": {"product_id": "libcurl4-8.1-1.1", "product_identification_helper": {"purl": "pkg:rpm/suse/libcurl4@8.1-1.1?upstream=curl-8.1-1.1.src.rpm"}}}],
            "relationships": [
             {"full_product_name": {"product_id": "a"}, "product_reference": "libcurl4-8.1-1.1", "relates_to_product_reference": "SUSE Linux Enterprise Module for Basesystem 15 SP5"}]},
           "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": {"fixed": ["a"]}}]}
        package pkg:rpm/sles/curl@8.0-1.1?distro=sles-15.5&upstream=curl
          affected CVE-2024-1 = SUSE-CVE-2024-1 | by SUSE-CVE-2024-1 | fixed 8.1-1.1
        package pkg:rpm/sles/curl@8.0-1.1?distro=sles-15.4&upstream=curl
          nothing
        "#,
    );
}

#[test]
fn amazon_and_oracle_tell_architectures_and_flavours_apart() {
    check(
        r#"
        file amazon/2023/core/updateinfo.xml
          <updates><update type="security"><id>ALAS2023-2024-1</id><severity>important</severity><issued date="2024-01-01 00:00"/>
            <references><reference id="CVE-2024-1" type="cve"/></references>
            <pkglist><collection><package arch="aarch64" epoch="0" name="zlib" version="1.3" release="1.amzn2023"/></collection></pkglist></update></updates>
        file oracle/com.oracle.elsa-all.xml
          <oval_definitions><definitions><definition><metadata><title>ELSA-2024-1: glibc (IMPORTANT)</title>
            <advisory><severity>IMPORTANT</severity><issued date="2024-01-01"/><cve>CVE-2024-2</cve></advisory></metadata>
            <criteria><criterion comment="Oracle Linux 8 is installed"/>
              <criteria><criterion comment="glibc is earlier than 2:2.28-3.ksplice1.el8"/></criteria>
              <criteria><criterion comment="openssl is earlier than 1:1.1.1k-2.el8"/></criteria></criteria></definition></definitions></oval_definitions>
        package pkg:rpm/amzn/zlib@1.2-1.amzn2023?arch=aarch64&distro=amzn-2023
          affected CVE-2024-1 = ALAS2023-2024-1 | by ALAS2023-2024-1 | high | fixed 0:1.3-1.amzn2023
        package pkg:rpm/amzn/zlib@1.2-1.amzn2023?arch=x86_64&distro=amzn-2023
          nothing
        package pkg:rpm/ol/glibc@2.28-1.el8?arch=x86_64&distro=ol-8.9&epoch=0
          nothing
        package pkg:rpm/ol/glibc@2.28-1.ksplice1.el8?arch=x86_64&distro=ol-8.9&epoch=2
          affected CVE-2024-2 = ELSA-2024-1 | by ELSA-2024-1 | high | fixed 2:2.28-3.ksplice1.el8
        package pkg:rpm/ol/openssl@1.1.1k-1.el8?arch=x86_64&distro=ol-8.9&epoch=1
          affected CVE-2024-2 = ELSA-2024-1 | by ELSA-2024-1 | high | fixed 1:1.1.1k-2.el8
        image pkg:rpm/ol/openssl@1.1.1k-1.el8?distro=ol-8.9
          complete
        image pkg:rpm/fedora/openssl@3-1.fc40?distro=fedora-40
          unsupported_distro: the advisories hold nothing for fedora-40; its 1 OS package was not matched
        image pkg:generic/openssl@3.0.1
          no_advisories: no advisories speak of packages of type generic; 1 package was not matched
        image pkg:apk/ol/musl@1.2?distro=ol-8.9
          no_advisories: apk is not ol-8.9's package manager; 1 package was not matched
        "#,
    );
}

#[test]
fn headers_of_a_kernel_have_none_of_its_flaws() {
    check(
        "
        advisory DEBIAN-CVE-2024-1 | upstream CVE-2024-1
          Debian:12 linux | introduced 0
        package pkg:deb/debian/linux-libc-dev@6.1.55-1?distro=debian-12&upstream=linux
          nothing
        package pkg:deb/debian/linux-image-amd64@6.1.55-1?distro=debian-12&upstream=linux
          affected CVE-2024-1 = DEBIAN-CVE-2024-1 | by DEBIAN-CVE-2024-1
        ",
    );
}

#[test]
fn exploitation_is_told_of_the_flaw_and_not_of_its_advisory() {
    check(
        r#"
        advisory DSA-1-1 | upstream CVE-2024-1 CVE-2024-2
          Debian:12 zlib | introduced 0, fixed 2
        file kev/known_exploited_vulnerabilities.json
          {"catalogVersion": "2024.01.01", "vulnerabilities": [{"cveID": "CVE-2024-2"}]}
        package pkg:deb/debian/zlib1g@1?distro=debian-12&upstream=zlib
          affected CVE-2024-1 = DSA-1-1 | by DSA-1-1 | fixed 2
          affected CVE-2024-2 = DSA-1-1 | by DSA-1-1 | fixed 2 | exploited
        "#,
    );
}

#[test]
fn a_release_that_had_ended_is_told_with_its_date() {
    check(
        r#"
        advisory DSA-1-1 | upstream CVE-2024-1
          Debian:9 zlib | introduced 0, fixed 2
          Debian:12 zlib | introduced 0, fixed 2
        file endoflife/full
          {"generated_at": "2024-01-01T00:00:00Z", "result": [{"name": "debian", "category": "os", "releases": [
            {"name": "9", "eolFrom": "2022-06-30", "eoesFrom": "2027-06-30"}, {"name": "12", "eolFrom": "2028-06-30"}]}]}
        image pkg:deb/debian/zlib1g@1?distro=debian-9
          end_of_life: debian-9 was supported until 2022-06-30, or 2027-06-30 where support beyond that was bought; later flaws in its packages may have no advisory
        image pkg:deb/debian/zlib1g@1?distro=debian-12
          complete
        "#,
    );
}

#[test]
fn epochs_that_a_publisher_leaves_out_are_not_compared() {
    check(
        r#"
        advisory OESA-1 | upstream CVE-2024-1
          openEuler:22.03 openssl | introduced 0, fixed 1.1.1m-30
        advisory OESA-2 | upstream CVE-2024-2
          openEuler:22.03 openssl | introduced 0, fixed 2:0.1-1
        package pkg:rpm/openeuler/openssl@1.1.1m-29?distro=openeuler-22.03&epoch=1
          affected CVE-2024-1 = OESA-1 | by OESA-1 | fixed 1.1.1m-30
          affected CVE-2024-2 = OESA-2 | by OESA-2 | fixed 2:0.1-1
        package pkg:rpm/openeuler/openssl@1.1.1m-30?distro=openeuler-22.03&epoch=1
          affected CVE-2024-2 = OESA-2 | by OESA-2 | fixed 2:0.1-1
        "#,
    );
}

#[test]
fn builds_of_root_are_found_under_the_name_of_what_they_rebuild() {
    check(
        r#"
        advisory ROOT-OS-DEBIAN-12-CVE-2024-1 | upstream CVE-2024-1
          Root:Debian:12 openssl | introduced 0, fixed 3.0.1.root.io.2
        package pkg:deb/debian/rootio-openssl@3.0.1.root.io.1?distro=debian-12
          affected CVE-2024-1 = ROOT-OS-DEBIAN-12-CVE-2024-1 | by ROOT-OS-DEBIAN-12-CVE-2024-1 | fixed 3.0.1.root.io.2
        package pkg:deb/debian/rootio-openssl@3.0.1.root.io.2?distro=debian-12
          nothing
        "#,
    );
}
