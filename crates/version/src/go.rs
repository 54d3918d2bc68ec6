//! Go: module versions (`v1.2.3`, pseudo-versions, `+incompatible`) and toolchains (`go1.21rc2`).

use crate::natural::take_while;
use crate::semver::{self, SemverVersion};

pub fn parse(text: &str) -> Result<SemverVersion, &'static str> {
    // Toolchains say their experiments after a space: `go1.21.3 X:boringcrypto`.
    let text = text.split(' ').next().unwrap_or_default();
    let Some(toolchain) = text.strip_prefix("go") else {
        return parse_release(text);
    };
    // Vendors append their own words after a dash.
    parse_release(toolchain.split('-').next().unwrap_or_default())
}

/// `1.21rc2` is written `1.21.0-rc.2` in advisories.
fn parse_release(text: &str) -> Result<SemverVersion, &'static str> {
    let (numbers, rest) = take_while(text, |c| c.is_ascii_digit() || c == '.');
    let (word, number) = take_while(rest, |c| c.is_ascii_lowercase());
    if !numbers.is_empty() && matches!(word, "rc" | "beta" | "alpha") {
        let separator = if number.is_empty() { "" } else { "." };
        return semver::parse(&format!("{numbers}-{word}{separator}{number}"));
    }
    semver::parse(text)
}
