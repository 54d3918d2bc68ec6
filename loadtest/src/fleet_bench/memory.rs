//! How much memory this process took.

use std::fs;

/// Forgets the largest amount so far.
pub fn forget_peak() {
    // Where the system does not let us, the peak is that of the whole run.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The largest resident set since then, in MiB; 0 where the system does not say.
pub fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
