//! Where files live unless told otherwise, by the XDG base directory specification.

use std::env;
use std::path::PathBuf;

/// Directory of the advisory database: `$XDG_DATA_HOME/scanyard/db`.
pub fn default_db() -> PathBuf {
    base("XDG_DATA_HOME", ".local/share").join("db")
}

/// Directory of the embedded service: `$XDG_DATA_HOME/scanyard/service`.
pub fn default_service() -> PathBuf {
    base("XDG_DATA_HOME", ".local/share").join("service")
}

/// Directory of cached layer inventories: `$XDG_CACHE_HOME/scanyard/layers`.
pub fn default_cache() -> PathBuf {
    base("XDG_CACHE_HOME", ".cache").join("layers")
}

fn base(variable: &str, under_home: &str) -> PathBuf {
    let absolute = env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(under_home));
    absolute
        .or_else(home)
        .unwrap_or_else(env::temp_dir)
        .join("scanyard")
}
