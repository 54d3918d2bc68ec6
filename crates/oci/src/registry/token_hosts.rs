//! Who may sell a registry's tokens. Whoever answers for a registry names the address at which our
//! password buys a token, so a service must not take any.

/// Hosts that may sell tokens, beside the registry's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenHosts {
    /// Any: for a user's own machine, where docker would take any too.
    #[default]
    Any,
    /// Those that are known.
    Known {
        /// Their names; `*.example.com` is every host below that.
        hosts: Vec<String>,
        /// Whether tokens that cost nothing may come from anywhere.
        without_credentials: bool,
    },
}

impl TokenHosts {
    /// Whether a host that is not the registry's own may be asked for a token.
    pub(super) fn allows(&self, host: &str, with_credentials: bool) -> bool {
        match self {
            TokenHosts::Any => true,
            TokenHosts::Known {
                hosts,
                without_credentials,
            } => {
                (*without_credentials && !with_credentials)
                    || hosts.iter().any(|known| matches(known, host))
            }
        }
    }
}

fn matches(known: &str, host: &str) -> bool {
    match known.strip_prefix('*') {
        Some(rest) if rest.starts_with('.') => host.len() > rest.len() && host.ends_with(rest),
        _ => known == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_go_to_known_hosts_only() {
        let known = TokenHosts::Known {
            hosts: vec!["auth.docker.io".to_owned(), "*.pkg.dev".to_owned()],
            without_credentials: true,
        };
        assert!(known.allows("auth.docker.io", true));
        assert!(known.allows("europe-docker.pkg.dev", true));
        for other in [
            "evil.test",
            "pkg.dev",
            ".pkg.dev",
            "auth.docker.io.evil.test",
        ] {
            assert!(!known.allows(other, true), "{other}");
            assert!(known.allows(other, false), "{other}");
        }
        let strict = TokenHosts::Known {
            hosts: Vec::new(),
            without_credentials: false,
        };
        assert!(!strict.allows("auth.test", false));
        assert!(TokenHosts::Any.allows("auth.test", true));
    }
}
