//! A select of distinct packages.

/// The part before `WHERE`.
macro_rules! select_packages {
    () => {
        "SELECT packages.id, purl, kind, packages.name, packages.version, arch, source_name,
                source_version, module, distros.os_id, distros.version AS distro_version,
                distros.id_like, distros.name AS distro_name, distros.channels
         FROM packages LEFT JOIN distros ON distros.id = packages.distro_id"
    };
}

pub(super) use select_packages;
