//! However a file comes by, the same is found in it, and hostile files are bounded.

#![allow(clippy::unwrap_used)]

use scanyard_secrets::{Detected, Detector};

const KEY: &str = concat!("id = AKIA", "Q3EGRZTVCX2LNW5D\n");

fn detect(text: &[u8]) -> Detected {
    Detector::new().detect("app/a.txt", text)
}

/// Numbers that look random and are the same in every run.
fn numbers(mut state: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state)
    })
}

#[test]
fn a_secret_is_found_wherever_it_lies_across_the_buffer() {
    for offset in (65_000..66_000).step_by(7).chain(0..40) {
        let mut text = vec![b'\n'; offset];
        text.extend(KEY.as_bytes());
        text.extend(vec![b' '; 3000]);
        let found = detect(&text).secrets;
        assert_eq!(found.len(), 1, "{offset}");
        assert_eq!(found[0].line as usize, offset + 1);
        assert_eq!(found[0].excerpt, "AKIA****");
    }
}

#[test]
fn pieces_of_any_size_give_what_the_whole_gives() {
    let mut text = Vec::new();
    for number in 0..3000 {
        text.extend(format!("line {number} of a file with https://a.internal/{number}\n").bytes());
        if number % 500 == 0 {
            text.extend(KEY.as_bytes());
        }
    }
    let whole = detect(&text);
    assert_eq!(whole.secrets.len(), 6);
    for size in [1, 7, 1000, 1024, 4096, 65_536, 100_000] {
        let mut detector = Detector::new();
        for piece in text.chunks(size) {
            detector.feed("app/a.txt", piece);
        }
        assert_eq!(detector.finish("app/a.txt"), whole, "{size}");
        let mut detector = Detector::new();
        detector.feed("app/a.txt", &text[..size]);
        detector.read_rest("app/a.txt", &text[size..]).unwrap();
        assert_eq!(detector.finish("app/a.txt"), whole, "{size}");
    }
}

#[test]
fn a_detector_forgets_one_file_before_the_next() {
    let mut detector = Detector::new();
    assert_eq!(detector.detect("a", KEY.as_bytes()).secrets.len(), 1);
    assert_eq!(detector.detect("b", b"nothing"), Detected::default());
    assert_eq!(detector.detect("c", KEY.as_bytes()).secrets[0].line, 1);
}

#[test]
fn a_program_is_no_text_even_where_it_holds_a_key() {
    let text = [&b"\x7fELF\0\0"[..], KEY.as_bytes()].concat();
    assert_eq!(detect(&text), Detected::default());
}

#[test]
fn more_secrets_than_the_bound_are_not_kept_and_that_is_said() {
    let found = detect(KEY.repeat(500).as_bytes());
    assert_eq!(found.secrets.len(), 100);
    assert!(found.skipped.unwrap().contains("more than 100"));
}

#[test]
fn a_file_made_of_keywords_is_given_up_on() {
    let text = "AccountKey=".repeat(20_000);
    let skipped = detect(text.as_bytes()).skipped.unwrap();
    assert!(skipped.contains("almost everywhere"), "{skipped}");
}

#[test]
fn what_lies_beyond_the_bound_is_not_read_and_that_is_said() {
    struct Lines(u64);
    impl std::io::Read for Lines {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'a');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }
    let mut lines = Lines(0);
    let mut detector = Detector::new();
    detector.read_rest("a", &mut lines).unwrap();
    assert!(detector.finish("a").skipped.unwrap().contains("64 MiB"));
    assert!(lines.0 < 66 << 20);
}

#[test]
fn cut_and_altered_text_never_panics() {
    let seed = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n{KEY}postgres://a:b3c@d/e eyJhbGci.eyJh.x \
         \"auth\": \"YTpi\" password: a1b2c3d4e5 aws_secret_access_key= {}\n",
        "k9".repeat(20)
    );
    let mut random = numbers(0x5eed);
    for _ in 0..3000 {
        let mut text = seed.clone().into_bytes();
        for _ in 0..4 {
            let at = random.next().unwrap() as usize % text.len();
            text[at] = random.next().unwrap() as u8;
        }
        text.truncate(random.next().unwrap() as usize % (text.len() + 1));
        Detector::new().detect("app/.env", &text);
    }
}
