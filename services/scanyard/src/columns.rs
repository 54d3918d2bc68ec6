//! Tables that fit the terminal: columns as wide as what is in them, and the last one cut where the
//! line ends.

use std::fmt::Write;
use std::io::IsTerminal;

/// Columns where no terminal says how many it has. What a pipe takes is never cut.
const UNLIMITED: usize = usize::MAX;
/// The least that is left of the last column.
const NARROWEST: usize = 16;

/// Rows under a header; columns with a `>` before their name stand to the right.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    table_of_width(header, rows, width())
}

fn width() -> usize {
    if !std::io::stdout().is_terminal() {
        return UNLIMITED;
    }
    terminal_size::terminal_size().map_or(UNLIMITED, |(width, _)| width.0.into())
}

fn table_of_width<const N: usize>(header: [&str; N], rows: &[[String; N]], width: usize) -> String {
    let names = header.map(|name| name.trim_start_matches('>').to_owned());
    let is_right = header.map(|name| name.starts_with('>'));
    let mut widths = names.each_ref().map(|name| name.chars().count());
    for row in rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.chars().count());
        }
    }
    let before: usize = widths
        .iter()
        .take(N.saturating_sub(1))
        .map(|width| width + 2)
        .sum();
    let last = width.saturating_sub(before).max(NARROWEST);
    let mut text = String::new();
    for row in std::iter::once(&names).chain(rows) {
        let mut line = String::new();
        for (place, value) in row.iter().enumerate() {
            let column = widths[place];
            if place + 1 == N && !is_right[place] {
                line.push_str(&cut(value, last));
            } else if is_right[place] {
                let _ = write!(line, "{value:>column$}  ");
            } else {
                let _ = write!(line, "{value:<column$}  ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The end of a place says most, so its middle goes.
fn cut(value: &str, width: usize) -> String {
    let length = value.chars().count();
    if length <= width {
        return value.to_owned();
    }
    let kept = width.saturating_sub(1);
    let first: String = value.chars().take(kept / 2).collect();
    let last: String = value.chars().skip(length - (kept - kept / 2)).collect();
    format!("{first}…{last}")
}

/// A number with its thousands apart.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_to_its_width() {
        let rows = [
            [
                "7".to_owned(),
                "registry.example.com/team/application".to_owned(),
            ],
            ["1234".to_owned(), "app".to_owned()],
        ];
        let narrow = table_of_width([">images", "repository"], &rows, 28);
        assert_eq!(
            narrow,
            "images  repository\n     7  registry.…pplication\n  1234  app\n"
        );
        let wide = table_of_width([">images", "repository"], &rows, UNLIMITED);
        assert!(wide.contains("registry.example.com/team/application"));
    }

    #[test]
    fn numbers_are_read_by_thousands() {
        let read = [0, 999, 1000, 1_234_567].map(number);
        assert_eq!(read, ["0", "999", "1,000", "1,234,567"]);
    }
}
