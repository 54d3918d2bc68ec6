//! Languages: interpreters, runtimes and compilers.

use super::Software::{Bitnami, Generic};
use super::{Classifier, clue};

pub const LANGUAGES: &[Classifier] = &[
    // Tried: 2.7.18, 3.6.15 to 3.13.0, programs and shared objects.
    Classifier {
        software: Bitnami("python"),
        files: &[
            "python2.*",
            "python3.*",
            "libpython2.*.so*",
            "libpython3.*.so*",
        ],
        clues: &[
            clue(
                "\0{named}.",
                r"\x00({named}\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\x00",
            ),
            // Linkers keep one string for two, when one ends as the other.
            clue(
                "/{named}.",
                r"/({named}\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\x00",
            ),
        ],
    },
    // Tried: 7.3.11.
    Classifier {
        software: Generic("pypy"),
        files: &["libpypy*.so*", "pypy*"],
        clues: &[clue("[PyPy ", r"\[PyPy ([0-9]+\.[0-9]+\.[0-9]+)")],
    },
    // Tried: 18.20.4, 24.19.0, 26.10.0.
    Classifier {
        software: Bitnami("node"),
        files: &["node", "nodejs", "libnode.so*"],
        clues: &[
            clue("node.js/v", r"\x00node\.js/v([0-9]+\.[0-9]+\.[0-9]+)"),
            clue("\0node v", r"\x00node v([0-9]+\.[0-9]+\.[0-9]+)\x00"),
        ],
    },
    // Tried: 3.1.2.
    Classifier {
        software: Bitnami("ruby"),
        files: &["ruby", "ruby2.*", "ruby3.*", "libruby.so*", "libruby-*.so*"],
        clues: &[clue(
            "\0ruby ",
            r"\x00ruby ([0-9]+\.[0-9]+\.[0-9]+(?:(?:p|preview|rc|dev)[0-9]*)?) \(",
        )],
    },
    // Tried: 5.36.0.
    Classifier {
        software: Generic("perl"),
        files: &["perl", "libperl.so*"],
        clues: &[clue("\0v5.", r"\x00v(5\.[0-9]+\.[0-9]+)\x00")],
    },
    // Tried: 8.2.36.
    Classifier {
        software: Bitnami("php"),
        files: &[
            "php",
            "php5*",
            "php7*",
            "php8*",
            "php-fpm*",
            "php-cgi*",
            "libphp*.so*",
        ],
        clues: &[clue(
            "X-Powered-By: PHP/",
            r"X-Powered-By: PHP/([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)",
        )],
    },
    Classifier {
        software: Bitnami("composer"),
        files: &["composer", "composer.phar"],
        clues: &[clue(
            "'pretty_version'",
            r"'pretty_version'\s*=>\s*'([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)'",
        )],
    },
    // Tried: 5.4.4.
    Classifier {
        software: Bitnami("lua"),
        files: &["lua", "lua5.*", "liblua.so*", "liblua5*.so*"],
        clues: &[clue("Lua 5.", r"Lua (5\.[0-9]+\.[0-9]+)  Copyright")],
    },
    // Tried: 25.2.3.
    Classifier {
        software: Generic("erlang"),
        files: &["beam.smp", "erlexec"],
        clues: &[
            clue(
                "/src/otp",
                r"/src/otp(?:_src_|-)([0-9]+(?:\.[0-9]+){1,3}(?:-rc[0-9]+)?)/erts/",
            ),
            clue(
                "\0Erlang/OTP",
                r"\x00([0-9]+(?:\.[0-9]+){1,3}(?:-rc[0-9]+)?)\x00+Erlang/OTP",
            ),
            clue(
                "Erlang/OTP ",
                r"Erlang/OTP [0-9]+%s \[[^\x00]{1,300}\x00+([0-9]+(?:\.[0-9]+){1,3}(?:-rc[0-9]+)?)\x00",
            ),
        ],
    },
    // Tried: 1.14.0.
    Classifier {
        software: Generic("elixir"),
        files: &["elixir"],
        clues: &[clue(
            "ELIXIR_VERSION=",
            r"ELIXIR_VERSION=([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z]+\.[0-9]+)?)",
        )],
    },
    Classifier {
        software: Generic("dart"),
        files: &["dart"],
        clues: &[
            clue(" (stable)", r"\x00([0-9]+\.[0-9]+\.[0-9]+) \(stable\)"),
            clue(
                " (beta)",
                r"\x00([0-9]+\.[0-9]+\.[0-9]+-[0-9.]+\.beta) \(beta\)",
            ),
        ],
    },
    // Tried: 2.9.6, 2.9.8.
    Classifier {
        software: Generic("deno"),
        files: &["deno"],
        clues: &[clue("Deno/", r"[^-]Deno/([0-9]+\.[0-9]+\.[0-9]+)")],
    },
    // Tried: 1.4.5.
    Classifier {
        software: Generic("bun"),
        files: &["bun"],
        clues: &[
            clue("\0Bun/", r"\x00Bun/([0-9]+\.[0-9]+\.[0-9]+)\x00"),
            clue("bun-v", r"bun-v([0-9]+\.[0-9]+\.[0-9]+)[/\x00]"),
        ],
    },
    Classifier {
        software: Generic("julia"),
        files: &["libjulia-internal.so*"],
        clues: &[clue(
            "\0verify",
            r"__init__\x00([0-9]+\.[0-9]+\.[0-9]+)\x00verify",
        )],
    },
    // Tried: 9.0.2.
    Classifier {
        software: Generic("ghc"),
        files: &["ghc", "ghc-*"],
        clues: &[
            clue("\0GHC ", r"\x00GHC ([0-9]+\.[0-9]+\.[0-9]+)\x00"),
            clue(
                "libHSghc-",
                r"libHSghc-([0-9]+\.[0-9]+\.[0-9]+)-(?:[a-zA-Z0-9]+-)?ghc[0-9.]+\.so",
            ),
        ],
    },
    // Tried: 3.4.1.0.
    Classifier {
        software: Generic("cabal"),
        files: &["cabal"],
        clues: &[clue(
            "/cabal-install-",
            r"/cabal-install-([0-9]+(?:\.[0-9]+){2,3})[-\x00]",
        )],
    },
    Classifier {
        software: Generic("gcc"),
        files: &[
            "gcc",
            "g++",
            "x86_64-linux-gnu-gcc",
            "aarch64-linux-gnu-gcc",
        ],
        clues: &[clue(
            "GCC: (GNU) ",
            r"GCC: \(GNU\) ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
    // Tried: 1.63.0, the compiler's shared object.
    Classifier {
        software: Generic("rust"),
        files: &["libstd-*.so", "librustc_driver-*.so"],
        clues: &[clue(
            "rustc version ",
            r"rustc version ([0-9]+\.[0-9]+\.[0-9]+)",
        )],
    },
];
