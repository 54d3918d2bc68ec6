//! Packages that are built from a kernel's source but hold none of its code.

use scanyard_package::{Package, PackageKind};

/// Whether a package holds only the headers of a kernel. Images have them to compile against; the
/// kernel that runs is the host's, so a flaw in it is none of the image.
pub(crate) fn is_kernel_headers(package: &Package) -> bool {
    let name = package.name.as_str();
    let source = package.source_name();
    match package.kind {
        PackageKind::Deb => {
            let is_named = ["linux-libc-dev", "linux-headers-", "linux-kbuild-"];
            source.starts_with("linux") && is_named.iter().any(|prefix| name.starts_with(prefix))
        }
        PackageKind::Rpm => {
            let is_named = [
                "kernel-headers",
                "kernel-uek-headers",
                "kernel-devel",
                "linux-glibc-devel",
            ];
            (source.starts_with("kernel") || source.starts_with("linux-glibc"))
                && is_named.contains(&name)
        }
        PackageKind::Apk => name == "linux-headers",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scanyard_package::SourcePackage;

    #[test]
    fn headers_are_told_by_name_and_source() {
        let mut package = Package::new(PackageKind::Deb, "linux-libc-dev", "6.1.55-1");
        assert!(!is_kernel_headers(&Package {
            name: "linux-image-amd64".into(),
            ..package.clone()
        }));
        package.source = Some(SourcePackage {
            name: "linux".into(),
            version: "6.1.55-1".into(),
        });
        assert!(is_kernel_headers(&package));
        package.source = Some(SourcePackage {
            name: "mine".into(),
            version: "1".into(),
        });
        assert!(!is_kernel_headers(&package));
        assert!(is_kernel_headers(&Package::new(
            PackageKind::Rpm,
            "kernel-headers",
            "4.18.0-1"
        )));
        assert!(!is_kernel_headers(&Package::new(
            PackageKind::Rpm,
            "kernel",
            "4.18.0-1"
        )));
    }
}
