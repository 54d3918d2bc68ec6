//! Purls, image references, sources, digests and platforms: what is read can be written and read
//! again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_oci::{Platform, Source};
use scanyard_package::{Digest, Package};

fuzz_target!(|text: &str| {
    if let Ok((package, distro)) = Package::from_purl(text) {
        let purl = package.purl(distro.as_ref());
        let (again, _) = Package::from_purl(&purl).unwrap_or_else(|e| panic!("{purl}: {e}"));
        assert_eq!(again.purl(distro.as_ref()), purl);
    }
    if let Ok(source @ Source::Registry(_)) = text.parse::<Source>() {
        assert_eq!(source.to_string().parse::<Source>().as_ref(), Ok(&source));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(platform) = text.parse::<Platform>() {
        assert_eq!(
            platform.to_string().parse::<Platform>().as_ref(),
            Ok(&platform)
        );
    }
});
