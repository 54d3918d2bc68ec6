//! The Linux distribution of an image, as its os-release says.

/// The identity of a distribution release.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Distro {
    /// `ID` of os-release, lower case: `debian`, `alpine`, `rhel`.
    pub id: String,
    /// `VERSION_ID` of os-release, empty where a rolling release has none.
    pub version: String,
    /// `ID_LIKE` of os-release, split at spaces.
    pub id_like: Vec<String>,
    /// `PRETTY_NAME`, for people.
    pub name: String,
    /// Where the image says that its OS packages come from, sorted, beyond what the release has
    /// for everybody: publishers fix the same package at other versions for those who pay longer.
    ///
    /// Red Hat's content sets (`rhel-9-for-x86_64-baseos-eus-rpms`); where an image has none, a CPE
    /// of its labels (`cpe:/a:redhat:enterprise_linux:9::appstream`) and its builds
    /// (`nvr:ubi9-container-9.5-1732804088.x86_64`). Ubuntu Pro's services that are enabled
    /// (`esm-infra`). They are here for the choice of ecosystems such as
    /// `Red Hat:rhel_eus:9.2::baseos` and `Ubuntu:Pro:22.04`. None holds a space or a comma.
    pub channels: Vec<String>,
}

impl Distro {
    /// A distro of this id and version that is like no other.
    pub fn new(id: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            version: version.into(),
            ..Self::default()
        }
    }

    /// `debian-12`, or only the id where there is no version: the `distro` qualifier of purls.
    pub fn qualifier(&self) -> String {
        if self.version.is_empty() {
            return self.id.clone();
        }
        format!("{}-{}", self.id, self.version)
    }

    /// The version's part before the first dot: `9` of `9.4`.
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    /// The version's first two parts: `3.18` of `3.18.4`.
    pub fn major_minor(&self) -> &str {
        match self.version.match_indices('.').nth(1) {
            Some((end, _)) => &self.version[..end],
            None => &self.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_cut_at_their_dots() {
        let alpine = Distro::new("alpine", "3.18.4");
        assert_eq!((alpine.major(), alpine.major_minor()), ("3", "3.18"));
        let debian = Distro::new("debian", "12");
        assert_eq!((debian.major(), debian.major_minor()), ("12", "12"));
        assert_eq!(debian.qualifier(), "debian-12");
        assert_eq!(Distro::new("arch", "").qualifier(), "arch");
    }
}
