//! Shared objects that are copied beside programs and into packages of languages.

use super::Software::{Bitnami, Generic};
use super::tools::OPENSSL;
use super::{Classifier, clue};

pub const LIBRARIES: &[Classifier] = &[
    // Tried: 3.0.15, 3.0.22.
    Classifier {
        software: Generic("openssl"),
        files: &["libcrypto.so*", "libcrypto-*.so*"],
        clues: OPENSSL,
    },
    // Tried: 7.88.1.
    Classifier {
        software: Generic("curl"),
        files: &["libcurl.so*", "libcurl-*.so*"],
        clues: &[clue(
            "libcurl/",
            r"\x00libcurl/([0-9]+\.[0-9]+\.[0-9]+)\x00",
        )],
    },
    // Tried: 5.2.5, 5.4.1.
    Classifier {
        software: Generic("xz"),
        files: &["liblzma.so*", "liblzma-*.so*"],
        clues: &[clue("\x005.", r"\x00(5\.[0-9]+\.[0-9]+)\x00")],
    },
    // Tried: 5.1.9.
    Classifier {
        software: Generic("ffmpeg"),
        files: &["libavcodec*.so*", "libavformat*.so*", "libavutil*.so*"],
        clues: &[clue(
            "FFmpeg version ",
            r"FFmpeg version n?([0-9]+(?:\.[0-9]+){1,2})",
        )],
    },
    // Tried: 0.3.12, 0.3.21.
    Classifier {
        software: Bitnami("openblas"),
        files: &["libopenblas*.so*"],
        clues: &[clue("OpenBLAS 0.", r"OpenBLAS (0\.[0-9]+\.[0-9]+)[ .]")],
    },
    // Tried: 3.0.9.
    Classifier {
        software: Bitnami("modsecurity"),
        files: &["libmodsecurity.so*"],
        clues: &[clue(
            "ModSecurity v",
            r"ModSecurity v([0-9]+\.[0-9]+\.[0-9]+) \(",
        )],
    },
    // Tried: 5.15.8.
    Classifier {
        software: Generic("qtbase"),
        files: &["libQt5Core.so*", "libQt6Core.so*", "libQt5Core-*.so*"],
        clues: &[clue("Qt ", r"\x00Qt ([56]\.[0-9]+\.[0-9]+) \(")],
    },
];
