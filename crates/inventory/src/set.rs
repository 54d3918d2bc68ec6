//! Which catalogers run.

/// Which catalogers run: a part of every inventory's key, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogerSet {
    /// Lock files: what an application would install, whether or not it did.
    pub lockfiles: bool,
    /// Credentials in text.
    pub secrets: bool,
}

impl CatalogerSet {
    /// The catalogers of what is installed.
    pub const STANDARD: Self = Self {
        lockfiles: false,
        secrets: false,
    };
    /// Every cataloger, and secrets.
    pub const WHOLE: Self = Self {
        lockfiles: true,
        secrets: true,
    };

    /// Every set.
    pub const ALL: [Self; 4] = [
        Self::STANDARD,
        Self {
            lockfiles: true,
            secrets: false,
        },
        Self {
            lockfiles: false,
            secrets: true,
        },
        Self::WHOLE,
    ];

    /// Its name in keys. The number changes whenever the same catalogers would read the same bytes
    /// differently.
    pub const fn name(self) -> &'static str {
        match (self.lockfiles, self.secrets) {
            (false, false) => "15",
            (true, false) => "15+lockfiles",
            (false, true) => "15+secrets",
            (true, true) => "15+lockfiles+secrets",
        }
    }

    /// The name of every set of this version.
    pub fn names() -> Vec<&'static str> {
        let whether = [false, true];
        let sets = whether
            .into_iter()
            .flat_map(|lockfiles| whether.map(|secrets| Self { lockfiles, secrets }.name()));
        sets.collect()
    }

    /// The set of this name: one of this version, or the same set of another.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.split('+');
        parts.next()?.parse::<u32>().ok()?;
        let mut set = Self::STANDARD;
        for part in parts {
            match part {
                "lockfiles" => set.lockfiles = true,
                "secrets" => set.secrets = true,
                _ => return None,
            }
        }
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_known_by_its_name_whatever_its_version() {
        for set in CatalogerSet::ALL {
            assert_eq!(CatalogerSet::of_name(set.name()), Some(set));
        }
        let earlier = CatalogerSet::of_name("3+secrets").unwrap();
        assert!(earlier.secrets && earlier.name() != "3+secrets");
        for unknown in ["", "secrets", "15+", "15+other", "x+secrets"] {
            assert_eq!(CatalogerSet::of_name(unknown), None, "{unknown}");
        }
    }
}
