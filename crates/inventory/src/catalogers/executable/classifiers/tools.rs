//! Programs for people and scripts.

use super::Software::{Bitnami, Generic};
use super::{Classifier, clue};

pub const TOOLS: &[Classifier] = &[
    // Tried: 2.39.5.
    Classifier {
        software: Bitnami("git"),
        files: &["git"],
        clues: &[clue(
            "git/",
            r"[^0-9A-Za-z./_-]git/([0-9]+\.[0-9]+\.[0-9]+)\x00",
        )],
    },
    Classifier {
        software: Bitnami("helm"),
        files: &["helm"],
        clues: &[clue("\0v", r"\x00v([34]\.[0-9]+\.[0-9]+)\x00")],
    },
    Classifier {
        software: Bitnami("wp-cli"),
        files: &["wp", "wp-cli.phar"],
        clues: &[clue(
            "wp-cli/wp-cli ",
            r"wp-cli/wp-cli ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    // Tried: 3.0.22.
    Classifier {
        software: Generic("openssl"),
        files: &["openssl"],
        clues: OPENSSL,
    },
    // Tried: 7.88.1.
    Classifier {
        software: Generic("curl"),
        files: &["curl"],
        clues: &[clue("curl/", r"\x00curl/([0-9]+\.[0-9]+\.[0-9]+)\x00")],
    },
    // Tried: 1.35.0.
    Classifier {
        software: Generic("busybox"),
        files: &["busybox"],
        clues: &[clue("BusyBox v", r"BusyBox v([0-9]+\.[0-9]+\.[0-9]+)")],
    },
    // Tried: 5.2.15.
    Classifier {
        software: Generic("bash"),
        files: &["bash"],
        clues: &[clue(
            "@(#)Bash version ",
            r"@\(#\)Bash version ([0-9]+\.[0-9]+\.[0-9]+)\(",
        )],
    },
    // Tried: 1.5.4.
    Classifier {
        software: Generic("zstd"),
        files: &["zstd"],
        clues: &[clue("\0v1.", r"\x00v(1\.[0-9]+\.[0-9]+)\x00")],
    },
    // Tried: 5.4.1.
    Classifier {
        software: Generic("xz"),
        files: &["xz"],
        clues: &[clue(
            "(XZ Utils) ",
            r"\(XZ Utils\) ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    // Tried: 1.12.
    Classifier {
        software: Generic("gzip"),
        files: &["gzip"],
        clues: &[clue("\x001.", r"\x00(1\.[0-9]+)\x00")],
    },
    // Tried: 1.6.
    Classifier {
        software: Generic("jq"),
        files: &["jq"],
        clues: &[
            clue("\0jq-1.", r"\x00jq-(1\.[0-9]+(?:\.[0-9]+)?)\x00"),
            clue("\x001.", r"\x00(1\.[0-9]+(?:\.[0-9]+)?)\x00"),
        ],
    },
    // Tried: 5.1.9.
    Classifier {
        software: Generic("ffmpeg"),
        files: &["ffmpeg", "ffprobe"],
        clues: &[clue(
            "%s version ",
            r"%s version n?([0-9]+(?:\.[0-9]+){1,2})",
        )],
    },
    // Tried: 2.38.1.
    Classifier {
        software: Generic("util-linux"),
        files: &["getopt"],
        clues: &[clue(
            "\0util-linux ",
            r"\x00util-linux ([0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00",
        )],
    },
    Classifier {
        software: Generic("swipl"),
        files: &["swipl"],
        clues: &[clue("swipl-", r"swipl-([0-9]+\.[0-9]+\.[0-9]+)/")],
    },
];

/// OpenSSL says the day of its release; forks that only claim to be like it do not.
pub const OPENSSL: &[super::Clue] = &[clue(
    "\0OpenSSL ",
    r"\x00OpenSSL ([0-9]+\.[0-9]+\.[0-9]+(?:[a-z]+|-[a-z]+[0-9]*)?)(?:-fips)?(?: +FIPS)? +[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}\x00",
)];
