//! Text for terminals: what an image says about itself is hostile, and a line has an end.

use std::io::{self, Write};

use scanyard_package::Severity;

/// How a span of text is shown where colour is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Warning,
    Good,
    Severity(Severity),
}

impl Style {
    /// The parameters of the ANSI sequence that selects it.
    const fn parameters(self) -> Option<&'static str> {
        match self {
            Style::Plain => None,
            Style::Bold => Some("1"),
            Style::Dim => Some("2"),
            Style::Warning => Some("1;33"),
            Style::Good => Some("32"),
            Style::Severity(Severity::Critical) => Some("1;31"),
            Style::Severity(Severity::High) => Some("31"),
            Style::Severity(Severity::Medium) => Some("33"),
            Style::Severity(Severity::Low) => Some("36"),
            Style::Severity(Severity::Negligible | Severity::Unknown) => Some("2"),
        }
    }
}

/// Writes lines that never exceed a width and never contain a control character.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    width: usize,
    color: bool,
}

impl<'a> Screen<'a> {
    pub fn new(out: &'a mut dyn Write, width: usize, color: bool) -> Self {
        Self {
            out,
            width: width.max(20),
            color,
        }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// A line of spans, cut at the width.
    pub fn line(&mut self, spans: &[(Style, &str)]) -> io::Result<()> {
        let mut left = self.width;
        for (style, text) in spans {
            let text = clip(&printable(text), left);
            left -= columns(&text);
            match style
                .parameters()
                .filter(|_| self.color && !text.is_empty())
            {
                Some(parameters) => write!(self.out, "\x1b[{parameters}m{text}\x1b[0m")?,
                None => write!(self.out, "{text}")?,
            }
        }
        writeln!(self.out)
    }

    /// A sentence broken between words, every line indented.
    pub fn paragraph(&mut self, style: Style, indent: usize, text: &str) -> io::Result<()> {
        let margin = " ".repeat(indent);
        let text = printable(text);
        let room = self.width.saturating_sub(indent).max(1);
        for line in wrap(&text, room) {
            self.line(&[(Style::Plain, &margin), (style, &line)])?;
        }
        Ok(())
    }

    pub fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }
}

/// Text without characters that move the cursor, reorder or hide what is beside them.
pub fn printable(text: &str) -> String {
    let spaced = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect()
}

/// Zero-width, bidirectional and tag characters, with which a name can pass for another.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns that text takes at most: everything that may be wide counts as wide.
pub fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

const fn char_columns(c: char) -> usize {
    if (c as u32) < 0x1100 || matches!(c, '\u{2010}'..='\u{2027}') {
        1
    } else {
        2
    }
}

/// Text cut to a number of columns, with an ellipsis where something was cut off.
pub fn clip(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        if char_columns(c) > left {
            break;
        }
        left -= char_columns(c);
        clipped.push(c);
    }
    if width > 0 {
        clipped.push('…');
    }
    clipped
}

/// Lines of whole words; a word that is longer than a line is left to be cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// `1 gap`, `2 gaps`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Bytes in the unit that leaves one to three digits before the point.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    // The table shows one digit after the point; a lost bit does not matter.
    #[allow(clippy::cast_precision_loss)]
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_left_out() {
        assert_eq!(printable("a\x1b[31mb\r\nc\u{202e}d\u{9b}e"), "a[31mb  cde");
    }

    #[test]
    fn text_is_cut_at_columns_and_between_characters() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("ab", 0), "");
    }

    #[test]
    fn sentences_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible", 7), ["incomprehensible"]);
    }

    #[test]
    fn sizes_take_the_unit_that_suits_them() {
        let sizes = [0, 999, 3_400_000, 999_999, 999_950_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "3.4 MB", "1.0 MB", "1.0 GB"]);
    }
}
