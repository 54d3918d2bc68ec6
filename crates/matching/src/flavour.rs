//! Builds of a distro that are maintained beside its own: their versions do not compare.

/// Oracle's kernels that are patched while they run, and its builds that are certified, carry
/// their name in the release: `2.17-326.0.1.ksplice1.el7`, `3.6.16-4.0.1.el8_fips`.
const FLAVOURS: [&str; 2] = ["ksplice", "fips"];

/// The flavour that a version is of; `None` for the distro's own build.
fn flavour(version: &str) -> Option<&'static str> {
    FLAVOURS
        .into_iter()
        .find(|flavour| version.contains(flavour))
}

/// Whether two versions are of the same flavour.
pub(crate) fn is_same_flavour(installed: &str, fixed: &str) -> bool {
    flavour(installed) == flavour(fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certified_build_compares_with_its_like_only() {
        assert!(is_same_flavour("2.17-326.el7", "2.17-330.el7"));
        assert!(is_same_flavour(
            "2:2.17-326.0.1.ksplice1.el7",
            "2:2.17-330.ksplice1.el7"
        ));
        assert!(!is_same_flavour("3.6.16-4.el8", "10:3.6.16-4.0.1.el8_fips"));
    }
}
