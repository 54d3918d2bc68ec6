//! What an installation allows, whatever its tenants store.

use scanyard_egress::Egress;
use scanyard_oci::TokenHosts;
use scanyard_store::{RegistrySettings, matches_name};
use url::Url;

use crate::known::{self, WELL_KNOWN};

/// Which registries a service may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRules {
    /// Patterns of hosts that any tenant may pull from without more ado.
    pub allowed: Vec<String>,
    /// Whether registries may have private, loopback and link-local addresses.
    pub private_addresses: bool,
}

/// Why a registry is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// Nobody said that it may be.
    #[error("{0} is not among the registries that this service may ask")]
    NotAllowed(String),
    /// Its address is one of a private network, as far as its name says.
    #[error("{0} is not asked: it is no public address")]
    NotPublic(String),
}

impl Default for RegistryRules {
    fn default() -> Self {
        Self {
            allowed: WELL_KNOWN.map(str::to_owned).into(),
            private_addresses: false,
        }
    }
}

impl RegistryRules {
    /// Everything is allowed: for one user's machine.
    pub fn anything() -> Self {
        Self {
            allowed: vec!["*".to_owned()],
            private_addresses: true,
        }
    }

    /// Refuses a host for what its name says. What it stands for is seen when it is connected to.
    ///
    /// # Errors
    ///
    /// When neither the installation nor the tenant's registry of this host allows it.
    pub fn check(&self, host: &str, known: Option<&RegistrySettings>) -> Result<(), HostRefused> {
        if known.is_none() && !self.allows(host) {
            return Err(HostRefused::NotAllowed(host.to_owned()));
        }
        let refused = || HostRefused::NotPublic(host.to_owned());
        let url = Url::parse(&format!("https://{host}/")).map_err(|_| refused())?;
        self.egress(known).check_host(&url).map_err(|_| refused())
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.allowed
            .iter()
            .any(|pattern| matches_name(pattern, &host))
    }

    /// Which addresses a registry may have: private ones if the operator allows them, and the tenant
    /// says so of a registry that it added. Its name may come to stand for something else.
    pub(crate) fn egress(&self, known: Option<&RegistrySettings>) -> Egress {
        match self.private_addresses && known.is_none_or(|known| known.private_addresses) {
            true => Egress::Anywhere,
            false => Egress::PublicOnly,
        }
    }

    /// Who may sell a registry's tokens, beside itself: those that are known to, those that the
    /// tenant names, and those that the installation names as registries.
    pub(crate) fn token_hosts(&self, host: &str, known: Option<&RegistrySettings>) -> TokenHosts {
        let hosts = known::token_hosts(host).map(str::to_owned);
        let named = known
            .into_iter()
            .flat_map(|known| known.token_hosts.clone());
        let is_any = |pattern: &&String| matches!(pattern.as_str(), "*" | "**");
        let allowed = self.allowed.iter().filter(|pattern| !is_any(pattern));
        TokenHosts::Known {
            hosts: hosts.chain(named).chain(allowed.cloned()).collect(),
            without_credentials: self.allowed.iter().any(|pattern| is_any(&pattern)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rules: &RegistryRules, host: &str) -> HostRefused {
        let checked = rules.check(host, None);
        checked.err().unwrap_or_else(|| panic!("{host} is allowed"))
    }

    #[test]
    fn only_known_registries_are_asked_unless_a_tenant_names_another() {
        let rules = RegistryRules::default();
        for host in [
            "docker.io",
            "team.azurecr.io",
            "europe-docker.pkg.dev",
            "GHCR.io",
        ] {
            assert_eq!(rules.check(host, None), Ok(()), "{host}");
        }
        let host = "registry.example.com";
        let expected = HostRefused::NotAllowed(host.to_owned());
        assert_eq!(refused(&rules, host), expected);
        assert_eq!(
            rules.check(host, Some(&RegistrySettings::default())),
            Ok(())
        );
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        let public = RegistryRules {
            allowed: vec!["*".to_owned()],
            private_addresses: false,
        };
        for host in [
            "127.0.0.1:5000",
            "2130706433:80",
            "localhost",
            "169.254.169.254",
            "[::1]:5",
        ] {
            let expected = HostRefused::NotPublic(host.to_owned());
            assert_eq!(refused(&public, host), expected.clone());
            assert_eq!(
                RegistryRules::anything().check(host, None),
                Ok(()),
                "{host}"
            );
            let private = RegistrySettings {
                private_addresses: true,
                ..RegistrySettings::default()
            };
            assert_eq!(public.check(host, Some(&private)), Err(expected.clone()));
            let anything = RegistryRules::anything();
            assert_eq!(anything.check(host, Some(&private)), Ok(()), "{host}");
            let other = RegistrySettings::default();
            assert_eq!(anything.check(host, Some(&other)), Err(expected));
        }
    }
}
