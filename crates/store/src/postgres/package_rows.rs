//! A select of distinct packages.

/// A select of packages with this rest of a statement.
macro_rules! select_packages {
    ($rest:literal) => {
        concat!(
            "SELECT packages.id, purl, kind, packages.name, packages.version, arch, source_name,
                    source_version, module, distros.os_id, distros.version AS distro_version,
                    distros.id_like, distros.name AS distro_name, distros.channels
             FROM packages LEFT JOIN distros ON distros.id = packages.distro_id ",
            $rest
        )
    };
}

pub(super) use select_packages;
