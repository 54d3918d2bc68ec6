//! Hooks as both adapters store them.

use crate::error::Result;
use crate::words::corrupt;
use crate::{HookSecret, NewHook};

/// Hooks of a tenant at most.
pub(crate) const MAX_HOOKS: i64 = 1000;

/// Patterns with a line each; none holds a line's end.
pub(crate) fn write_repositories(hook: &NewHook) -> String {
    hook.repositories.join("\n")
}

pub(crate) fn read_repositories(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A secret as columns: its hash; or the key that opens it, and what that opens.
pub(crate) type SecretColumns<'a> = (Option<&'a [u8]>, Option<&'a str>, Option<&'a [u8]>);

pub(crate) fn write_secret(secret: &HookSecret) -> SecretColumns<'_> {
    match secret {
        HookSecret::Hashed(hash) => (Some(hash), None, None),
        HookSecret::Sealed { key_id, content } => (None, Some(key_id), Some(content)),
    }
}

pub(crate) fn read_secret(
    hash: Option<Vec<u8>>,
    sealed_by: Option<String>,
    sealed: Option<Vec<u8>>,
) -> Result<HookSecret> {
    match (hash, sealed_by, sealed) {
        (Some(hash), None, None) => {
            let hash = hash.try_into();
            hash.map(HookSecret::Hashed)
                .map_err(|_| corrupt("hook's secret", "its hash"))
        }
        (None, Some(key_id), Some(content)) => Ok(HookSecret::Sealed { key_id, content }),
        _ => Err(corrupt("hook's secret", "its row")),
    }
}
