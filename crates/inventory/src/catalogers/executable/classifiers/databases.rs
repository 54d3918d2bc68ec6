//! Databases and caches.

use super::Software::{Bitnami, Generic};
use super::{Classifier, clue};

pub const DATABASES: &[Classifier] = &[
    // Tried: 6.2.5, 6.2.14, 7.0.15. The second and third are the build's id, in which host and
    // time follow the version: `6.2.58f1c18bfd7fc-1728390128000000000`.
    Classifier {
        software: Bitnami("redis"),
        files: &[
            "redis-server",
            "redis-check-rdb",
            "redis-check-aof",
            "redis-sentinel",
        ],
        clues: &[
            clue(
                "-builtin\0",
                r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00(?:c11|atomic|sync)-builtin\x00",
            ),
            clue(
                "buildkitsandbox-",
                r"(?:[^0-9.])([0-9]+\.[0-9]+\.[0-9]+)buildkitsandbox-[0-9]{19}",
            ),
            clue(
                "000000000",
                r"[^0-9.]([0-9]+\.[0-9]+\.[0-9]+?)[0-9a-f]{12}-[0-9]{10}000000000",
            ),
            clue("Redis version ", r"Redis version ([0-9]+\.[0-9]+\.[0-9]+)"),
        ],
    },
    // Tried: 6.2.5, 6.2.14, 7.0.15.
    Classifier {
        software: Bitnami("redis"),
        files: &["redis-cli"],
        clues: &[clue(
            "\0 (git:%s\0",
            r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00 \(git:%s\x00",
        )],
    },
    // Tried: 8.1.8, 9.1.2.
    Classifier {
        software: Bitnami("valkey"),
        files: &[
            "valkey-server",
            "valkey-check-rdb",
            "valkey-check-aof",
            "valkey-sentinel",
        ],
        clues: &[
            clue(
                "buildkitsandbox-",
                r"valkey([0-9]+\.[0-9]+\.[0-9]+)buildkitsandbox-[0-9]{19}",
            ),
            clue(
                "\0valkey",
                r"\x00valkey([0-9]+\.[0-9]+\.[0-9]+?)[0-9a-f]{12}-[0-9]{19}",
            ),
        ],
    },
    // Tried: 15.20, 16.2.
    Classifier {
        software: Bitnami("postgresql"),
        files: &["postgres", "psql"],
        clues: &[clue(
            "(PostgreSQL) ",
            r"\(PostgreSQL\) ([0-9]+(?:\.[0-9]+){0,2}(?:(?:alpha|beta|rc)[0-9]+)?)",
        )],
    },
    // Tried: 10.11.19.
    Classifier {
        software: Bitnami("mariadb"),
        files: &["mariadbd", "mariadb", "mysqld", "mysql"],
        clues: &[clue(
            "-MariaDB\0",
            r"\x00([0-9]+\.[0-9]+\.[0-9]+)-MariaDB\x00",
        )],
    },
    Classifier {
        software: Generic("mysql"),
        files: &["mysqld", "mysql"],
        clues: &[clue("/mysql-", r"/mysql-([0-9]+\.[0-9]+\.[0-9]+)(?:-rc)?/")],
    },
    Classifier {
        software: Generic("percona-server"),
        files: &["mysqld", "mysql"],
        clues: &[clue(
            "/percona-server-",
            r"/percona-server-([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?)/",
        )],
    },
    Classifier {
        software: Generic("percona-xtradb-cluster"),
        files: &["mysqld", "mysql"],
        clues: &[clue(
            "/Percona-XtraDB-Cluster-",
            r"/Percona-XtraDB-Cluster-([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?)/",
        )],
    },
    Classifier {
        software: Generic("percona-xtrabackup"),
        files: &["xtrabackup"],
        clues: &[clue(
            "/percona-xtrabackup-",
            r"/percona-xtrabackup-([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?)/",
        )],
    },
    Classifier {
        software: Bitnami("mongodb"),
        files: &["mongod", "mongos"],
        clues: &[
            clue("\0tcmalloc", r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00+tcmalloc"),
            clue("\0heap_size", r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00+heap_size"),
            clue(
                "\0cppdefines",
                r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00+cppdefines",
            ),
        ],
    },
    // Tried: 1.6.18.
    Classifier {
        software: Bitnami("memcached"),
        files: &["memcached"],
        clues: &[clue(
            "memcached ",
            r"\x00memcached ([0-9]+\.[0-9]+\.[0-9]+)\x00",
        )],
    },
    // Tried: 3.40.1, the shared object. The program has no version when it is linked to that.
    Classifier {
        software: Bitnami("sqlite"),
        files: &["libsqlite3.so*", "libsqlite3-*.so*", "sqlite3"],
        clues: &[clue("\x003.", r"\x00(3\.[0-9]+\.[0-9]+)\x00")],
    },
    // Tried: 1.18.0.
    Classifier {
        software: Bitnami("pgbouncer"),
        files: &["pgbouncer"],
        clues: &[clue(
            "\0PgBouncer ",
            r"\x00PgBouncer ([0-9]+\.[0-9]+\.[0-9]+)\x00",
        )],
    },
    // Tried: 4.3.5.
    Classifier {
        software: Bitnami("pgpool"),
        files: &["pgpool"],
        clues: &[clue(
            "\0pgpool-II\0",
            r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00pgpool-II\x00",
        )],
    },
    // Tried: 2.5.13.
    Classifier {
        software: Bitnami("openldap"),
        files: &["slapd", "ldapsearch", "ldapmodify"],
        clues: &[clue(
            "$OpenLDAP: ",
            r"\$OpenLDAP: [a-z]{5,12} ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    Classifier {
        software: Bitnami("arangodb"),
        files: &["arangod", "arangosh"],
        clues: &[clue(
            "[linux]",
            r"\x00([0-9]+\.[0-9]+\.[0-9]+)(?:-[0-9]+)? (?:enterprise )?\[linux\]",
        )],
    },
];
