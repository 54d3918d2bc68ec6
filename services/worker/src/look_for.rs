//! What is looked for beside packages, and what an image's config says about it.

use scanyard_hygiene::{ConfigFindings, examine_config};
use scanyard_inventory::CatalogerSet;
use scanyard_oci::ImageConfig;
use scanyard_store::ConfigEvidence;

/// What is looked for beside packages. It is the same for every image of an installation; what was
/// looked for in one is stored with it, so that a change of mind mixes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookFor {
    /// Credentials, in files and configs.
    pub secrets: bool,
    /// How images are built and configured.
    pub checks: bool,
}

impl LookFor {
    /// The catalogers that it takes.
    pub fn cataloger_set(self) -> CatalogerSet {
        CatalogerSet {
            secrets: self.secrets,
            ..CatalogerSet::STANDARD
        }
    }

    /// What a config gives away.
    pub(crate) fn examine(self, config: &ImageConfig) -> ConfigEvidence {
        if self == Self::default() {
            return ConfigEvidence::default();
        }
        let ConfigFindings { secrets, failed } = examine_config(config);
        let secrets = ConfigFindings {
            secrets,
            failed: Vec::new(),
        };
        let checks = ConfigFindings {
            secrets: Vec::new(),
            failed,
        };
        ConfigEvidence {
            secrets: self.secrets.then(|| secrets.encode()),
            checks: self.checks.then(|| checks.encode()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_looked_for_is_found() {
        let config = ImageConfig::default();
        for (secrets, checks) in [(false, false), (true, false), (false, true), (true, true)] {
            let found = LookFor { secrets, checks }.examine(&config);
            assert_eq!(found.secrets.is_some(), secrets);
            assert_eq!(found.checks.is_some(), checks);
        }
        let found = LookFor {
            secrets: true,
            checks: true,
        }
        .examine(&config);
        let secrets = ConfigFindings::decode(&found.secrets.unwrap()).unwrap();
        assert_eq!(secrets, ConfigFindings::default());
        let checks = ConfigFindings::decode(&found.checks.unwrap()).unwrap();
        assert_eq!(checks.failed[0].id, "runs-as-root");
    }
}
