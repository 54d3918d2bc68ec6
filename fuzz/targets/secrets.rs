//! Text with credentials in it: however it is cut into pieces, the same is found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_secrets::Detector;

fuzz_target!(|text: &[u8]| {
    let mut detector = Detector::new();
    let whole = detector.detect("etc/app.conf", text);
    let size = text.first().map_or(1, |byte| usize::from(*byte) + 1);
    for piece in text.chunks(size) {
        detector.feed("etc/app.conf", piece);
    }
    assert_eq!(detector.finish("etc/app.conf").secrets, whole.secrets);
});
