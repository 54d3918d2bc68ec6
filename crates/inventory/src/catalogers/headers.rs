//! Mail-like headers, as dpkg and Python write them: `Name: value`, continued by indented lines.

/// The fields of one block, in order. Text that is no field is skipped.
pub fn fields(block: &str) -> impl Iterator<Item = (&str, &str)> {
    block.lines().filter_map(|line| {
        if line.starts_with([' ', '\t']) {
            return None;
        }
        let (name, value) = line.split_once(':')?;
        Some((name.trim(), value.trim()))
    })
}

/// Blocks of lines with empty lines between them.
pub fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['\n', '\r']);
        if rest.is_empty() {
            return None;
        }
        let (block, tail) = rest.split_at(end_of_block(rest));
        rest = tail;
        Some(block)
    })
}

/// Where the first line ends that has an empty one after it.
fn end_of_block(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_end = |end: &usize| {
        let next = bytes.get(end + 1..).unwrap_or_default();
        next.starts_with(b"\n") || next.starts_with(b"\r\n")
    };
    let mut ends = memchr::memchr_iter(b'\n', bytes);
    ends.find(is_end).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_empty_lines_of_either_kind() {
        let text = "\n\na: 1\n b\n\nc: 2\r\n\r\n\nd: 3\n";
        let found: Vec<_> = blocks(text).map(str::trim_end).collect();
        assert_eq!(found, ["a: 1\n b", "c: 2", "d: 3"]);
    }

    /// Whoever looks through all that follows for each of them does not end in our time.
    #[test]
    fn a_million_blocks_are_each_looked_at_once() {
        let text = "a: b\n\n".repeat(1_000_000);
        assert_eq!(blocks(&text).count(), 1_000_000);
    }
}
