//! Looks through a file as it streams by.

use std::io::{self, Read};

use crate::engine::{ENGINE, Engine};
use crate::rule::{AFTER, BEFORE, Files, Rule};
use crate::secret::{Secret, redact};
use crate::sniff::{SNIFFED, is_text};

/// Bytes that are looked at in one go. What a rule may look back at stays when they move on.
const BUFFER: usize = 64 << 10;
/// Secrets that are kept of one file.
const MOST_SECRETS: usize = 100;
/// Bytes of one file that are looked at.
const MOST_BYTES: u64 = 64 << 20;
/// Keywords that rules look at closer in one file: some, and then one for so many bytes. A file
/// that is made of nothing else costs no more than others.
const CLOSER_LOOKS: u64 = 4096;
const BYTES_PER_LOOK: u64 = 256;

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detected {
    /// The secrets, by line.
    pub secrets: Vec<Secret>,
    /// What was not looked at, as a sentence for people.
    pub skipped: Option<String>,
}

/// What is known of a file so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Too little to tell text from other files.
    Beginning,
    Text,
    /// No text, or enough of it: the rest is not looked at.
    Over,
}

/// Looks for secrets in one file after the other, in bounded memory.
pub struct Detector {
    engine: &'static Engine,
    buffer: Box<[u8]>,
    /// Bytes of the buffer that are filled.
    length: usize,
    /// Keywords that begin before this place in the buffer were looked at.
    done: usize,
    /// The line on which the buffer begins.
    line: u32,
    /// Bytes of the file that are gone from the buffer.
    passed: u64,
    phase: Phase,
    looks: u64,
    /// Rules that this file is for, asked when a keyword of theirs is met.
    wanted: Vec<Option<bool>>,
    /// Where the last match of each rule ended in the file.
    ends: Vec<u64>,
    detected: Detected,
}

impl Detector {
    /// A detector with every rule.
    pub fn new() -> Self {
        Self {
            engine: &ENGINE,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            length: 0,
            done: 0,
            line: 1,
            passed: 0,
            phase: Phase::Beginning,
            looks: 0,
            wanted: Vec::new(),
            ends: Vec::new(),
            detected: Detected::default(),
        }
    }

    /// Looks through text in memory, as if it were a file at this path.
    pub fn detect(&mut self, path: &str, text: &[u8]) -> Detected {
        self.feed(path, text);
        self.finish(path)
    }

    /// More of the file at this path.
    pub fn feed(&mut self, path: &str, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.phase != Phase::Over {
            let room = &mut self.buffer[self.length..];
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.filled(path, count);
        }
    }

    /// Reads the rest of the file, as far as it matters.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn read_rest(&mut self, path: &str, mut rest: impl Read) -> io::Result<()> {
        while self.phase != Phase::Over {
            match rest.read(&mut self.buffer[self.length..]) {
                Ok(0) => break,
                Ok(count) => self.filled(path, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What was found. The detector is ready for the next file.
    pub fn finish(&mut self, path: &str) -> Detected {
        self.decide();
        if self.phase == Phase::Text {
            self.look(path, self.length);
        }
        self.length = 0;
        self.done = 0;
        self.line = 1;
        self.passed = 0;
        self.looks = 0;
        self.phase = Phase::Beginning;
        self.wanted.clear();
        self.ends.clear();
        let mut detected = std::mem::take(&mut self.detected);
        detected.secrets.sort();
        detected
    }

    fn filled(&mut self, path: &str, count: usize) {
        self.length += count;
        if self.length >= SNIFFED {
            self.decide();
        }
        if self.length == self.buffer.len() && self.phase == Phase::Text {
            self.look(path, self.length - AFTER);
            self.move_on();
        }
    }

    fn decide(&mut self) {
        if self.phase == Phase::Beginning {
            let head = &self.buffer[..self.length.min(SNIFFED)];
            self.phase = if is_text(head) {
                Phase::Text
            } else {
                Phase::Over
            };
        }
    }

    /// Forgets what no rule can look back at.
    fn move_on(&mut self) {
        let from = self.done.saturating_sub(BEFORE);
        let lines = memchr::memchr_iter(b'\n', &self.buffer[..from]).count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.buffer.copy_within(from..self.length, 0);
        self.length -= from;
        self.done -= from;
        self.passed += from as u64;
        if self.passed > MOST_BYTES {
            self.skip_rest(format!(
                "secrets were looked for in its first {} MiB only",
                MOST_BYTES >> 20
            ));
        }
    }

    fn skip_rest(&mut self, sentence: String) {
        self.phase = Phase::Over;
        self.detected.skipped = Some(sentence);
    }

    /// Looks at keywords that begin before `end`.
    fn look(&mut self, path: &str, end: usize) {
        let engine = self.engine;
        let Some(keywords) = &engine.keywords else {
            return;
        };
        // The buffer is lent out while what it holds is noted.
        let buffer = std::mem::take(&mut self.buffer);
        let from = self.done;
        for hit in keywords.find_overlapping_iter(&buffer[from..self.length]) {
            let keyword = from + hit.start()..from + hit.end();
            if self.phase == Phase::Over {
                break;
            }
            // They come by where they end, so that one before `end` may still follow.
            if keyword.start >= end {
                continue;
            }
            if let Some((position, rule)) = engine.owner(hit.pattern().as_usize()) {
                self.look_closer(path, &buffer[..self.length], keyword, position, rule);
            }
        }
        self.buffer = buffer;
        self.done = end;
    }

    fn look_closer(
        &mut self,
        path: &str,
        text: &[u8],
        keyword: std::ops::Range<usize>,
        position: usize,
        rule: &Rule,
    ) {
        let start = self.passed + keyword.start as u64;
        if !self.wants(path, position, rule.files) || start < self.end_of(position) {
            return;
        }
        let expression = self.engine.expression(position);
        if expression.is_some() {
            self.looks += 1;
            if self.looks > CLOSER_LOOKS + start / BYTES_PER_LOOK {
                return self.skip_rest("it looks like secrets almost everywhere, so the rest was not searched for them".to_owned());
            }
        }
        let Some(found) = rule.examine(expression, text, keyword) else {
            return;
        };
        self.set_end(position, self.passed + found.matched.end as u64);
        if self.detected.secrets.len() == MOST_SECRETS {
            return self.skip_rest(format!(
                "more than {MOST_SECRETS} secrets, of which the first are listed"
            ));
        }
        let lines = memchr::memchr_iter(b'\n', &text[..found.value.start]).count();
        let value = found.value.start - found.matched.start..found.value.end - found.matched.start;
        self.detected.secrets.push(Secret {
            rule: rule.id.to_owned(),
            line: self
                .line
                .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
            excerpt: redact(&text[found.matched], value),
        });
    }

    fn wants(&mut self, path: &str, position: usize, files: Files) -> bool {
        if self.wanted.len() <= position {
            self.wanted.resize(position + 1, None);
        }
        *self.wanted[position].get_or_insert_with(|| files.hold(path))
    }

    fn end_of(&self, position: usize) -> u64 {
        self.ends.get(position).copied().unwrap_or_default()
    }

    fn set_end(&mut self, position: usize, end: u64) {
        if self.ends.len() <= position {
            self.ends.resize(position + 1, 0);
        }
        self.ends[position] = end;
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}
