//! Servers and proxies.

use super::Software::{Bitnami, Generic};
use super::{Classifier, clue};

pub const SERVERS: &[Classifier] = &[
    // Tried: 1.22.1. OpenResty names its own version after nginx's, with one number more.
    Classifier {
        software: Bitnami("nginx"),
        files: &["nginx", "nginx-debug"],
        clues: &[clue(
            "nginx version: ",
            r"nginx version: (?:nginx|openresty)/([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    // Tried: 2.4.71.
    Classifier {
        software: Bitnami("apache"),
        files: &["httpd", "apache2"],
        clues: &[clue("Apache/2.", r"\x00Apache/(2\.[0-9]+\.[0-9]+)[\x00 ]")],
    },
    // Tried: 2.6.12, 2.8.25.
    Classifier {
        software: Bitnami("haproxy"),
        files: &["haproxy"],
        clues: &[
            clue(
                ", released 20",
                r"version ([0-9]+\.[0-9]+(?:\.[0-9]+|-dev[0-9]+|-rc[0-9]+))[-+~0-9a-z]{0,40}, released 20",
            ),
            clue(
                "HA-Proxy version ",
                r"HA-Proxy version ([0-9]+\.[0-9]+(?:\.[0-9]+|-dev[0-9]+))",
            ),
        ],
    },
    // Tried: 1.40.0. Releases lay the version beside other strings.
    Classifier {
        software: Bitnami("envoy"),
        files: &["envoy"],
        clues: &[
            clue(
                " so a non-default value must",
                r"\x00(1\.[0-9]+\.[0-9]+(?:-dev)?)\x00 so a non-default",
            ),
            clue(
                "envoy_reloadable_features",
                r"\x00(1\.3[0-9]\.[0-9]+(?:-dev)?)\x00.{0,1000}envoy_reloadable_features",
            ),
            clue(
                "envoy_quic_",
                r"envoy_quic_.{0,700}\x00(1\.2[0-9]\.[0-9]+(?:-dev)?)\x00",
            ),
            clue(
                "Unable to",
                r"\x00(1\.[12][0-9]\.[0-9]+(?:-dev)?)\x00.{0,1000}Unable to",
            ),
            clue(
                "ValidationError",
                r"\x00(1\.[12][0-9]\.[0-9]+(?:-dev)?)\x00.{0,1000}ValidationError",
            ),
        ],
    },
    // Tried: 7.1.1.
    Classifier {
        software: Bitnami("varnish"),
        files: &["varnishd"],
        clues: &[clue(
            "varnish-",
            r"varnish-([0-9]+\.[0-9]+\.[0-9]+) revision ",
        )],
    },
    Classifier {
        software: Bitnami("fluent-bit"),
        files: &["fluent-bit"],
        clues: &[clue(
            "Fluent Bit",
            r"\x00([0-9]+\.[0-9]+\.[0-9]+)\x00+(?:\x1b\[1m\x00)?(?:%s)?Fluent Bit",
        )],
    },
    Classifier {
        software: Bitnami("consul"),
        files: &["consul"],
        clues: &[clue(
            "CONSUL_VERSION: ",
            r"CONSUL_VERSION: ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    // Tried: 1.4.69.
    Classifier {
        software: Generic("lighttpd"),
        files: &["lighttpd"],
        clues: &[clue(
            "\0lighttpd/",
            r"\x00lighttpd/([0-9]+\.[0-9]+\.[0-9]+)[\x00 ]",
        )],
    },
    // Tried: 1.3.8.
    Classifier {
        software: Generic("proftpd"),
        files: &["proftpd"],
        clues: &[clue(
            "ProFTPD Version ",
            r"\x00ProFTPD Version ([0-9]+\.[0-9]+\.[0-9]+[a-z]?)\x00",
        )],
    },
    // Tried: 5.7.
    Classifier {
        software: Generic("squid"),
        files: &["squid"],
        clues: &[clue("\0squid/", r"\x00squid/([0-9]+(?:\.[0-9]+){1,2})\x00")],
    },
    // Tried: 1.17.1.
    Classifier {
        software: Generic("unbound"),
        files: &["unbound"],
        clues: &[clue(
            "unbound ",
            r"\x00unbound ([0-9]+\.[0-9]+\.[0-9]+)\x00",
        )],
    },
    // Tried: 9.2p1.
    Classifier {
        software: Generic("openssh"),
        files: &["sshd", "ssh"],
        clues: &[clue(
            "OpenSSH_",
            r"\x00OpenSSH_([0-9]+\.[0-9]+p[0-9]+)[\x00 ]",
        )],
    },
    // Tried: 0.4.9.11.
    Classifier {
        software: Generic("tor"),
        files: &["tor"],
        clues: &[clue("Tor 0.", r"\(on Tor (0(?:\.[0-9]+){3}) ")],
    },
];
