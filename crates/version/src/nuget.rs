//! NuGet: SemVer with up to four components and labels compared without case.

use crate::natural::Number;
use crate::semver::{self, SemverVersion};

/// A NuGet version.
pub type NuGetVersion = SemverVersion;

pub fn parse(text: &str) -> Result<NuGetVersion, &'static str> {
    let mut version = semver::parse(&text.to_ascii_lowercase())?;
    if version.numbers.len() > 4 {
        return Err("it has more than four components");
    }
    version.numbers.resize(4, Number::default());
    Ok(version)
}
