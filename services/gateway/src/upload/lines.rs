//! Splits a stream of bytes into lines, of which none is held longer than it may be.

/// A line's end was reached.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// The line.
    Whole(Vec<u8>),
    /// It was longer than allowed; what it said is forgotten.
    TooLong,
}

/// Cuts lines. Holds at most one, up to the limit.
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    begun: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    /// Lines of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            begun: Vec::new(),
            is_too_long: false,
        }
    }

    /// The next line that ends in the chunk, which then begins behind it.
    pub fn next(&mut self, chunk: &mut &[u8]) -> Option<Line> {
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        *chunk = end.map_or(&[], |end| &chunk[end + 1..]);
        if self.begun.len() + part.len() > self.limit {
            self.is_too_long = true;
            self.begun = Vec::new();
        }
        if !self.is_too_long {
            self.begun.extend_from_slice(part);
        }
        end.map(|_| self.take())
    }

    /// What follows the last line's end, if anything does.
    pub fn last(mut self) -> Option<Line> {
        (self.is_too_long || !self.begun.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.begun);
        match std::mem::take(&mut self.is_too_long) {
            true => Line::TooLong,
            false => Line::Whole(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of at most five bytes, however the text is cut.
    fn check(text: &str, expected: &[&str]) {
        for size in 1..=text.len() {
            let mut lines = Lines::new(5);
            let mut found = Vec::new();
            for mut chunk in text.as_bytes().chunks(size) {
                while !chunk.is_empty() {
                    found.extend(lines.next(&mut chunk));
                    assert!(lines.begun.len() <= 5);
                }
            }
            found.extend(lines.last());
            let found: Vec<_> = found
                .into_iter()
                .map(|line| match line {
                    Line::Whole(bytes) => String::from_utf8(bytes).unwrap(),
                    Line::TooLong => "(too long)".to_owned(),
                })
                .collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        check("a\nbb\n\nccccc\n", &["a", "bb", "", "ccccc"]);
        check("a\nb", &["a", "b"]);
        check("a\nbbbbbb\nc\n", &["a", "(too long)", "c"]);
        check("a\nbbbbbb", &["a", "(too long)"]);
    }
}
