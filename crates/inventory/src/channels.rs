//! Where the OS packages of an image come from, out of what its files say.

use std::collections::{BTreeMap, BTreeSet};

use scanyard_package::{Coverage, CoverageKind};

use crate::catalogers::RED_HAT_BUILD;
use crate::overlay::Standing;

/// Real images have a dozen at most. Each becomes a part of every OS package's identity.
const MOST_CHANNELS: usize = 32;
/// The longest that anybody has named yet has 60.
const MOST_BYTES: usize = 128;

/// The channels of an image, sorted.
///
/// Every build leaves its own file, so those of an image and of its base stand side by side, and
/// all of them count: the database of packages does not say which package came through which.
/// Builds are a way to look content sets up, so they are of use only where there are none.
pub fn of_image(files: &BTreeMap<&str, Standing<'_>>, coverage: &mut Vec<Coverage>) -> Vec<String> {
    let mut channels = BTreeSet::new();
    let mut left_out = 0;
    for standing in files.values() {
        for channel in &standing.evidence.channels {
            let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b',';
            if channel.len() > MOST_BYTES || !channel.bytes().all(is_plain) {
                left_out += 1;
            } else {
                channels.insert(channel.as_str());
            }
        }
    }
    let is_build = |channel: &&str| channel.starts_with(RED_HAT_BUILD);
    if !channels.iter().all(is_build) {
        channels.retain(|channel| !is_build(channel));
    }
    left_out += channels.len().saturating_sub(MOST_CHANNELS);
    if left_out > 0 {
        let detail = format!("names of package sources that are too long or too many: {left_out}");
        coverage.push(Coverage::new(
            CoverageKind::LimitExceeded,
            "package sources",
            detail,
        ));
    }
    let kept = channels.into_iter().take(MOST_CHANNELS);
    kept.map(str::to_owned).collect()
}
