//! Paths inside a layer.

use std::borrow::Cow;

/// A path from the root without leading slash or `.` components; `None` when it is the root
/// itself or steps out through `..`.
pub fn normalize(path: &str) -> Option<Cow<'_, str>> {
    let trimmed = path.trim_start_matches("./").trim_matches('/');
    let plain = |component: &str| !matches!(component, "" | "." | "..");
    if trimmed.split('/').all(plain) {
        return Some(Cow::Borrowed(trimmed));
    }
    rebuild(path).map(Cow::Owned)
}

fn rebuild(path: &str) -> Option<String> {
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

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the path's bytes: stable for ever, because it is stored.
#[cfg(test)]
pub fn hash(path: &str) -> u64 {
    path.bytes().fold(HASH_START, hash_step)
}

fn hash_step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The directories above a path, shortest first, then the path, each with its hash: FNV-1a over
/// its bytes, stable for ever, because it is stored.
pub fn prefixes(path: &str) -> impl Iterator<Item = (&str, u64)> {
    let mut hash = HASH_START;
    let mut bytes = path.bytes().enumerate();
    let mut ended = false;
    std::iter::from_fn(move || {
        for (position, byte) in bytes.by_ref() {
            let before = hash;
            hash = hash_step(hash, byte);
            if byte == b'/' {
                return Some((&path[..position], before));
            }
        }
        (!std::mem::replace(&mut ended, true)).then_some((path, hash))
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
    fn prefixes_come_shortest_first_with_the_hash_that_they_have_alone() {
        let all: Vec<_> = prefixes("a/b/c").collect();
        let expected = ["a", "a/b", "a/b/c"].map(|path| (path, hash(path)));
        assert_eq!(all, expected);
        assert_eq!(hash("a/b"), 0xe620_c319_0468_cf61);
    }
}
