//! A sample of what each row is made for, and what it must not take.

use super::*;
use crate::catalogers::executable::visit_bytes;

/// A file's name, bytes of it (`~` is a NUL), and what they tell.
const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "redis-server",
        "err~6.2.5~c11-builtin~",
        "bitnami/redis@6.2.5",
    ),
    (
        "redis-server",
        "A~7.2.4buildkitsandbox-1702957741000000000~",
        "bitnami/redis@7.2.4",
    ),
    (
        "redis-server",
        "~6.2.58f1c18bfd7fc-1728390128000000000~",
        "bitnami/redis@6.2.5",
    ),
    (
        "redis-cli",
        "~7.0.15~ (git:%s~-dirty~",
        "bitnami/redis@7.0.15",
    ),
    (
        "valkey-server",
        "~valkey9.1.22036e910ab2c-179260013845336800000000~",
        "bitnami/valkey@9.1.2",
    ),
    (
        "postgres",
        "~postgres (PostgreSQL) 16.2\n~",
        "bitnami/postgresql@16.2.0",
    ),
    (
        "psql",
        "~psql (PostgreSQL) 17beta1\n~",
        "bitnami/postgresql@17.0.0-beta1",
    ),
    (
        "mariadbd",
        "~10.11.19-MariaDB~x86_64~",
        "bitnami/mariadb@10.11.19",
    ),
    (
        "mysqld",
        "/release/mysql-8.0.37/mysys/my_default.cc",
        "generic/mysql@8.0.37",
    ),
    (
        "mysql",
        "/build/percona-server-8.0.36-28/client/",
        "generic/percona-server@8.0.36-28",
    ),
    (
        "mysql",
        "/b/Percona-XtraDB-Cluster-8.0.35-27/x",
        "generic/percona-xtradb-cluster@8.0.35-27",
    ),
    (
        "xtrabackup",
        "/b/percona-xtrabackup-8.0.35-31/x",
        "generic/percona-xtrabackup@8.0.35-31",
    ),
    ("mongod", "~6.0.27~tcmalloc~", "bitnami/mongodb@6.0.27"),
    (
        "memcached",
        "~memcached 1.6.18~udp-port",
        "bitnami/memcached@1.6.18",
    ),
    ("libsqlite3.so.0.8.6", "~3.40.1~", "bitnami/sqlite@3.40.1"),
    (
        "pgbouncer",
        "al~PgBouncer 1.18.0~pool_mode",
        "bitnami/pgbouncer@1.18.0",
    ),
    (
        "pgpool",
        "~4.3.5~pgpool-II~%s version",
        "bitnami/pgpool@4.3.5",
    ),
    (
        "slapd",
        "@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb",
        "bitnami/openldap@2.5.13",
    ),
    (
        "arangosh",
        "~3.11.8-1 enterprise [linux]",
        "bitnami/arangodb@3.11.8",
    ),
    (
        "libpython3.11.so.1.0",
        "~14.0.0~3.11.2+~",
        "bitnami/python@3.11.2",
    ),
    (
        "libpython3.12.so.1.0",
        "/opt/python/3.12.1~EXEC_PREFIX~",
        "bitnami/python@3.12.1",
    ),
    ("python3.13", "~3.13.0rc1~", "bitnami/python@3.13.0-rc1"),
    (
        "libpypy3.9-c.so",
        "\n[PyPy 7.3.11 with ",
        "generic/pypy@7.3.11",
    ),
    ("node", "on~node.js/v18.20.4~x", "bitnami/node@18.20.4"),
    (
        "libruby.so.3.4.0",
        "~ruby 3.4.0preview1 (2024-05-16",
        "bitnami/ruby@3.4.0-preview1",
    ),
    ("ruby", "~ruby 2.7.7p221 (2022-11-24 ", "bitnami/ruby@2.7.7"),
    ("perl", "~v5.36.0~panic: ", "generic/perl@5.36.0"),
    (
        "php-fpm8.2",
        "~X-Powered-By: PHP/8.3.0RC1~",
        "bitnami/php@8.3.0-RC1",
    ),
    (
        "composer.phar",
        "'pretty_version' => '2.7.1',",
        "bitnami/composer@2.7.1",
    ),
    ("lua5.4", "Lua 5.4.4  Copyright (C)", "bitnami/lua@5.4.4"),
    (
        "beam.smp",
        "Erlang/OTP 25%s [erts-13.1.5] [source]\n~25.2.3~~",
        "generic/erlang@25.2.3",
    ),
    (
        "erlexec",
        "/usr/src/otp_src_25.3.2.6/erts/",
        "generic/erlang@25.3.2.6",
    ),
    ("elixir", "ELIXIR_VERSION=1.16.2\n", "generic/elixir@1.16.2"),
    ("dart", "~3.5.2 (stable) (Wed", "generic/dart@3.5.2"),
    (
        "deno",
        "er-Deno/0.82.0grpc d01Deno/2.9.8Deno/",
        "generic/deno@2.9.8",
    ),
    ("bun", "~~Bun/1.4.5~~", "generic/bun@1.4.5"),
    (
        "libjulia-internal.so.1.10",
        "__init__~1.10.2~verify",
        "generic/julia@1.10.2",
    ),
    ("ghc", "~libHSghc-9.0.2-ghc9.0.2.so~", "generic/ghc@9.0.2"),
    (
        "cabal",
        "/x/cabal-install-3.4.1.0-3R2S9ClFrM4Iz",
        "generic/cabal@3.4.1.0",
    ),
    ("gcc", "GCC: (GNU) 12.3.0~", "generic/gcc@12.3.0"),
    (
        "libstd-0123456789abcdef.so",
        "(rustc version 1.48.0 (7eac88abb",
        "generic/rust@1.48.0",
    ),
    (
        "nginx",
        "~nginx version: openresty/1.21.4.1~",
        "bitnami/nginx@1.21.4",
    ),
    ("httpd", "t ~Apache/2.4.71 (Unix)~", "bitnami/apache@2.4.71"),
    (
        "haproxy",
        " version 2.8.25-5cf5d0683, released 2026/06/26~",
        "bitnami/haproxy@2.8.25",
    ),
    (
        "haproxy",
        " version 2.9-dev4, released 2023/08/25~",
        "bitnami/haproxy@2.9.0-dev4",
    ),
    (
        "envoy",
        "~1.40.0~ so a non-default value must now",
        "bitnami/envoy@1.40.0",
    ),
    (
        "varnishd",
        "(varnish-7.1.1 revision 7cee1c",
        "bitnami/varnish@7.1.1",
    ),
    (
        "fluent-bit",
        "~3.0.2~%sFluent Bit v",
        "bitnami/fluent-bit@3.0.2",
    ),
    ("consul", "CONSUL_VERSION: 1.18.0", "bitnami/consul@1.18.0"),
    (
        "lighttpd",
        "~lighttpd/1.4.69~server",
        "generic/lighttpd@1.4.69",
    ),
    (
        "proftpd",
        "~ProFTPD Version 1.3.8~",
        "generic/proftpd@1.3.8",
    ),
    ("squid", "~squid/5.7~", "generic/squid@5.7"),
    ("unbound", "~unbound 1.17.1~start", "generic/unbound@1.17.1"),
    ("sshd", "~OpenSSH_9.2p1 Debian-2~", "generic/openssh@9.2p1"),
    ("tor", " (on Tor 0.4.9.11 )~", "generic/tor@0.4.9.11"),
    (
        "git",
        "\u{1}git/2.39.5~GIT_USER_AGENT",
        "bitnami/git@2.39.5",
    ),
    ("helm", "~v3.14.2~", "bitnami/helm@3.14.2"),
    ("wp", "wp-cli/wp-cli 2.9.0", "bitnami/wp-cli@2.9.0"),
    (
        "openssl",
        "~OpenSSL 3.0.22 25 Aug 2026~",
        "generic/openssl@3.0.22",
    ),
    (
        "libcrypto-98b4ba3d.so.1.1",
        "~OpenSSL 1.1.1k  FIPS 25 Mar 2021~",
        "generic/openssl@1.1.1k",
    ),
    ("curl", "on~curl/7.88.1~", "generic/curl@7.88.1"),
    (
        "libcurl.so.4.8.0",
        "~libcurl/7.88.1~zlib/%s",
        "generic/curl@7.88.1",
    ),
    (
        "busybox",
        "~BusyBox v1.35.0 (Debian",
        "generic/busybox@1.35.0",
    ),
    (
        "bash",
        "@(#)Bash version 5.2.15(1) release GNU~",
        "generic/bash@5.2.15",
    ),
    ("zstd", "~v1.5.4~Zstandard CLI~", "generic/zstd@1.5.4"),
    ("xz", "xz (XZ Utils) 5.4.1~", "generic/xz@5.4.1"),
    ("liblzma.so.5.4.1", "~5.4.1~", "generic/xz@5.4.1"),
    ("gzip", "zipping\n~1.12~", "generic/gzip@1.12"),
    ("jq", "~jq-1.7.1~", "generic/jq@1.7.1"),
    (
        "ffmpeg",
        "~%s version 5.1.9-0+deb12u1~",
        "generic/ffmpeg@5.1.9",
    ),
    (
        "libavutil.so.57",
        "~FFmpeg version n6.0~",
        "generic/ffmpeg@6.0",
    ),
    ("getopt", "~util-linux 2.38.1~", "generic/util-linux@2.38.1"),
    ("swipl", "/lib/swipl-9.1.2/", "generic/swipl@9.1.2"),
    (
        "libopenblasp-r0.3.21.so",
        "OpenBLAS 0.3.21 NO_LAPACKE",
        "bitnami/openblas@0.3.21",
    ),
    (
        "libmodsecurity.so.3",
        "ModSecurity v3.0.9 (",
        "bitnami/modsecurity@3.0.9",
    ),
    (
        "libQt5Core.so.5",
        "~Qt 5.15.8 (x86_64",
        "generic/qtbase@5.15.8",
    ),
];

#[test]
fn every_sample_tells_its_version() {
    for (file, content, expected) in SAMPLES {
        let content = format!("\x7fELF{content}").replace('~', "\0");
        let found = visit_bytes(&format!("usr/bin/{file}"), content.as_bytes());
        let packages = found.map(|found| found.packages).unwrap_or_default();
        let names: Vec<_> = packages
            .iter()
            .map(|declared| &declared.package)
            .map(|p| format!("{}/{}@{}", p.kind.purl_type(), p.name, p.version))
            .collect();
        assert_eq!(names, [*expected], "{file}: {content:?}");
    }
}

#[test]
fn every_row_has_a_sample() {
    let without: Vec<_> = all()
        .filter(|row| {
            let mut sampled = SAMPLES.iter().map(|(file, _, _)| by_file_name(file));
            !sampled.any(|mut rows| rows.any(|found| std::ptr::eq(found, *row)))
        })
        .map(|row| row.files)
        .collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn versions_that_belong_to_others_are_left_alone() {
    for (file, content) in [
        ("libssl.so.3", "~OpenSSL 3.0.22 25 Aug 2026~"),
        ("openssl", "~OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)~"),
        ("python3", "~3.11.2~"),
        ("postgres", "to PostgreSQL 9.1.~"),
        ("mariadbd", "le 10.1.1-MariaDB-mariadb1precise-log"),
        ("haproxy", "HAProxy version 2.5.\n~"),
    ] {
        let content = format!("\x7fELF{content}").replace('~', "\0");
        assert_eq!(visit_bytes(file, content.as_bytes()), None, "{file}");
    }
}

#[test]
fn versions_are_written_as_bitnami_writes_them() {
    for (version, expected) in [
        ("1.2.3", "1.2.3"),
        ("15", "15.0.0"),
        ("15.4", "15.4.0"),
        ("3.1.2p20", "3.1.2"),
        ("17beta1", "17.0.0-beta1"),
        ("2.9-dev4", "2.9.0-dev4"),
        ("1.40.0-dev", "1.40.0-dev"),
    ] {
        assert_eq!(bitnami_version(version), expected);
    }
}

#[test]
fn a_star_is_any_part_of_a_name() {
    assert!(matches("libpython3.*.so*", "libpython3.11.so.1.0"));
    assert!(!matches("libpython3.*.so*", "libpython3.11.a"));
    assert!(!matches("libnode.so*", "libnode2.so"));
    assert!(matches("ruby3.*", "ruby3.1"));
}
