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
        let end = ["\n\n", "\n\r\n"]
            .iter()
            .filter_map(|gap| rest.find(gap))
            .min();
        let (block, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        Some(block)
    })
}
