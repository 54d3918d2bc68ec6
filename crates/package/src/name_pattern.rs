//! Patterns of names: `*` is anything up to a slash, `**` anything, `?` one character but a slash.

/// Whether a name is what the pattern describes. Takes no longer than both are long, whatever stars
/// a tenant writes.
pub fn matches_name(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // Ends of the name's parts that the pattern so far describes.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    let mut pattern = pattern.chars().peekable();
    while let Some(wanted) = pattern.next() {
        let any = wanted == '*' && pattern.next_if_eq(&'*').is_some();
        let mut next = vec![false; name.len() + 1];
        if wanted == '*' {
            next[0] = ends[0];
        }
        for (place, found) in name.iter().enumerate() {
            next[place + 1] = match wanted {
                '*' => ends[place + 1] || (next[place] && (any || *found != '/')),
                '?' => ends[place] && *found != '/',
                _ => ends[place] && wanted == *found,
            };
        }
        ends = next;
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_slashes_unless_they_are_two() {
        let described = [
            ("team/*", "team/app"),
            ("*", "app"),
            ("**", "team/sub/app"),
            ("team/**", "team/sub/app"),
            ("**/app", "team/sub/app"),
            ("t*m/a?p", "team/app"),
            ("team/app*", "team/app"),
            ("v1.*", "v1.2"),
        ];
        for (pattern, name) in described {
            assert!(matches_name(pattern, name), "{pattern} {name}");
        }
        let others = [
            ("team/*", "team/sub/app"),
            ("*", "team/app"),
            ("team/app", "team/apps"),
            ("team?app", "team/app"),
            ("", "app"),
            ("v1.*", "v2.1"),
            ("[a-z]", "a"),
        ];
        for (pattern, name) in others {
            assert!(!matches_name(pattern, name), "{pattern} {name}");
        }
        assert!(!matches_name(&"*a".repeat(100), &"a".repeat(99)));
    }
}
