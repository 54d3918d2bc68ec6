//! Paths inside a layer.

/// A path from the root without leading slash or `.` components; `None` when it is the root
/// itself or steps out through `..`.
pub fn normalize(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => return None,
            component => {
                if !normal.is_empty() {
                    normal.push('/');
                }
                normal.push_str(component);
            }
        }
    }
    (!normal.is_empty()).then_some(normal)
}

/// A path's last component, and what stands before it.
pub fn split_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The path and each directory above it, longest first.
pub fn with_ancestors(path: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(path);
    std::iter::from_fn(move || {
        let current = next?;
        next = current.rsplit_once('/').map(|(parent, _)| parent);
        Some(current)
    })
}

/// FNV-1a over the path's bytes: stable for ever, because it is stored.
pub fn hash(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// One spelling for paths that a merged `/usr` gives two: `lib/x` for `usr/lib/x`.
pub fn without_usr(path: &str) -> &str {
    match path.strip_prefix("usr/") {
        Some(rest)
            if ["bin/", "sbin/", "lib/", "lib64/"]
                .iter()
                .any(|dir| rest.starts_with(dir)) =>
        {
            rest
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_the_root_and_never_leave_it() {
        assert_eq!(
            normalize("./etc//os-release").as_deref(),
            Some("etc/os-release")
        );
        assert_eq!(normalize("/etc/x/").as_deref(), Some("etc/x"));
        assert_eq!(normalize("a/../../etc/passwd"), None);
        assert_eq!(normalize("./"), None);
    }

    #[test]
    fn ancestors_come_longest_first() {
        let all: Vec<_> = with_ancestors("a/b/c").collect();
        assert_eq!(all, ["a/b/c", "a/b", "a"]);
    }
}
