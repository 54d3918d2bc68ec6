//! Orders of versions: three lines, the first names the scheme. Each order is one.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use scanyard_version::{Scheme, Version};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let Some(scheme) = lines.next().and_then(|name| name.parse::<Scheme>().ok()) else {
        return;
    };
    let versions: Vec<_> = lines
        .take(3)
        .filter_map(|line| Version::parse(scheme, line).ok())
        .collect();
    for one in &versions {
        assert_eq!(one.compare(one), Some(Ordering::Equal));
        for other in &versions {
            let order = one.compare(other);
            assert_eq!(order, other.compare(one).map(Ordering::reverse));
            for third in &versions {
                if order == Some(Ordering::Less) && other.compare(third) == Some(Ordering::Less) {
                    assert_eq!(one.compare(third), Some(Ordering::Less));
                }
            }
        }
    }
});
