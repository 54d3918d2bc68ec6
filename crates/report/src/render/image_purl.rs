//! The purl of the image itself.

use packageurl::PackageUrl;

use crate::Image;

/// Prefixes of sources that are files: their names say nothing about where an image is published.
const LOCAL: [&str; 5] = [
    "oci:",
    "oci-archive:",
    "docker-archive:",
    "rootfs:",
    "sbom:",
];

/// `pkg:oci/NAME@DIGEST`, with the repository where the user named one.
pub fn image_purl(source: &str, image: &Image) -> Option<String> {
    if LOCAL.iter().any(|prefix| source.starts_with(prefix)) {
        return None;
    }
    let reference = source.strip_prefix("docker://").unwrap_or(source);
    let repository = reference.split('@').next().unwrap_or(reference);
    let (path, last) = repository.rsplit_once('/').unwrap_or(("", repository));
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let mut purl = PackageUrl::new("oci", name.to_lowercase()).ok()?;
    purl.with_version(image.digest.to_string()).ok()?;
    if let Some(architecture) = image.platform.split('/').nth(1) {
        purl.add_qualifier("arch", architecture).ok()?;
    }
    if !path.is_empty() {
        let url = format!("{path}/{name}");
        purl.add_qualifier("repository_url", url.to_lowercase())
            .ok()?;
    }
    if !tag.is_empty() {
        purl.add_qualifier("tag", tag).ok()?;
    }
    Some(purl.to_string())
}

#[cfg(test)]
mod tests {
    use scanyard_package::Digest;

    use super::*;

    #[test]
    fn published_images_have_a_purl_and_files_have_none() {
        let image = Image {
            digest: Digest::from_bytes([0xab; 32]),
            config_digest: Digest::from_bytes([1; 32]),
            platform: "linux/amd64".to_owned(),
            created: None,
            user: None,
            labels: Default::default(),
            layers: Vec::new(),
        };
        let digest = format!("sha256:{}", "ab".repeat(32));
        let purl = |source: &str| image_purl(source, &image).map(|purl| purl.replace("%3A", ":"));
        let expected = format!("pkg:oci/alpine@{digest}?arch=amd64&tag=3.18");
        assert_eq!(purl("alpine:3.18"), Some(expected));
        let expected = format!("pkg:oci/b@{digest}?arch=amd64&repository_url=ghcr.io:443/a/b");
        let found = purl(&format!("docker://ghcr.io:443/a/b@{digest}"));
        assert_eq!(found.map(|purl| purl.replace("%2F", "/")), Some(expected));
        assert_eq!(purl("oci:layout:latest"), None);
    }
}
