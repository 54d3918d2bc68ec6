//! How registries are reached: what the installation allows, and what it shows them.

use std::sync::Arc;

use scanyard_access::{RegistryAccess, RegistryRules, WELL_KNOWN};
use scanyard_oci::RegistryOptions;
use scanyard_sealing::SealingKeys;
use scanyard_store::Store;

use crate::cli::RegistryRulesArgs;

/// Stands for the registries that everybody knows.
const WELL_KNOWN_WORD: &str = "well-known";

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct RegistryRoleOptions {
    /// What opens credentials; without it none of those that are stored can be used.
    pub keys: Option<Arc<SealingKeys>>,
    /// Which may be asked.
    pub rules: RegistryRules,
    /// How to talk to those of which nothing is stored.
    pub options: RegistryOptions,
}

impl RegistryRoleOptions {
    pub(super) fn access(self, store: &Arc<dyn Store>) -> RegistryAccess {
        RegistryAccess::new(Arc::clone(store), self.keys, self.rules, self.options)
    }
}

/// What the installation allows.
pub fn registry_rules(args: &RegistryRulesArgs) -> RegistryRules {
    let patterns = args.allow_registry.iter().map(|text| text.trim());
    let allowed =
        patterns
            .filter(|pattern| !pattern.is_empty())
            .flat_map(|pattern| match pattern {
                WELL_KNOWN_WORD => WELL_KNOWN.map(str::to_owned).to_vec(),
                pattern => vec![pattern.to_ascii_lowercase()],
            });
    RegistryRules {
        allowed: allowed.collect(),
        private_addresses: args.allow_private_registries,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        rules: RegistryRulesArgs,
    }

    fn rules(options: &[&str]) -> RegistryRules {
        let words = ["test"].iter().chain(options);
        registry_rules(&Command::try_parse_from(words).unwrap().rules)
    }

    #[test]
    fn well_known_registries_are_allowed_unless_others_are_named() {
        assert_eq!(rules(&[]), RegistryRules::default());
        let named = rules(&["--allow-registry", "R.example.com, *.test"]);
        assert_eq!(named.allowed, ["r.example.com", "*.test"]);
        let both = rules(&[
            "--allow-registry",
            "well-known",
            "--allow-registry",
            "r.test",
        ]);
        assert_eq!(both.allowed.len(), WELL_KNOWN.len() + 1);
        assert!(rules(&["--allow-private-registries"]).private_addresses);
    }
}
