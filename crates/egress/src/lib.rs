//! Requests to addresses that users name: which may be reached from here.
//!
//! Who can make this service send a request somewhere could use it to look at what only its machine
//! can reach: the metadata service of a cloud, a database without a password, a router. So unless an
//! installation allows it, only public addresses are reached, by TLS. The address is checked where
//! it is used: in the URL where it stands there, else in the answer of the name service that the
//! connection is made with, so that no second answer can be another.

mod address;
mod proxy;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

pub use address::is_public;

/// Which addresses may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Egress {
    /// Public ones, by TLS.
    #[default]
    PublicOnly,
    /// Any, with TLS or without.
    Anywhere,
}

/// Why an address may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL of HTTP.
    #[error("the address is no URL that begins with https://")]
    NotHttp,
    /// It is not encrypted.
    #[error("the address must begin with https://")]
    NotEncrypted,
    /// It holds a user or a password, which would be sent nowhere.
    #[error("the address holds a user or a password")]
    WithUser,
    /// It is not on the public internet.
    #[error("{0} is not reached from here: it is no public address")]
    NotPublic(String),
}

impl Egress {
    /// Reads a URL and refuses it for what can be seen of it.
    ///
    /// # Errors
    ///
    /// When it may not be reached, or is none.
    pub fn check(self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::NotHttp)?;
        match url.scheme() {
            "https" => {}
            "http" if self == Egress::Anywhere => {}
            "http" => return Err(Refused::NotEncrypted),
            _ => return Err(Refused::NotHttp),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::WithUser);
        }
        self.check_host(&url)?;
        Ok(url)
    }

    /// Refuses a URL for the host that it names, whatever its scheme. What a name stands for is seen
    /// when it is asked for.
    ///
    /// # Errors
    ///
    /// When it may not be reached, or there is none.
    pub fn check_host(self, url: &Url) -> Result<(), Refused> {
        match url.host() {
            None => Err(Refused::NotHttp),
            Some(host) if self.reaches_host(&host) => Ok(()),
            Some(host) => Err(Refused::NotPublic(host.to_string())),
        }
    }

    fn reaches_host(self, host: &Host<&str>) -> bool {
        match host {
            Host::Ipv4(ip) => self.reaches(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => self.reaches(IpAddr::V6(*ip)),
            // What it stands for is seen when it is asked for, but this is known.
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                self == Egress::Anywhere || !(name == "localhost" || name.ends_with(".localhost"))
            }
        }
    }

    /// Whether an address may be reached.
    pub fn reaches(self, ip: IpAddr) -> bool {
        self == Egress::Anywhere || is_public(ip)
    }

    /// A builder of clients that make connections to such addresses only, follow no redirect and use
    /// no proxy, which would ask the name service itself. URLs have to be checked before.
    pub fn client(self) -> ClientBuilder {
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver {
                egress: self,
                proxies: Vec::new(),
            }))
    }

    /// A resolver for clients that follow redirects of their own and use the proxies of the
    /// environment. Whoever set a proxy has it decide what is reached through it, so its own address
    /// may be any; connections that bypass it are made to addresses that may be reached only.
    pub fn resolver(self) -> Arc<dyn Resolve> {
        Arc::new(GuardedResolver {
            egress: self,
            proxies: proxy::hosts_in_environment(),
        })
    }
}

/// Gives out addresses that may be reached, and no others.
struct GuardedResolver {
    egress: Egress,
    /// Names of proxies, which may stand for any address.
    proxies: Vec<String>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let egress = match self.proxies.contains(&name) {
            true => Egress::Anywhere,
            false => self.egress,
        };
        Box::pin(async move {
            let resolved = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = resolved
                .filter(|address| egress.reaches(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(Refused::NotPublic(name).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Refused {
        let checked = Egress::PublicOnly.check(url);
        checked.err().unwrap_or_else(|| panic!("{url} is allowed"))
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "017700000001",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "0.0.0.0",
            "[64:ff9b::7f00:1]",
        ] {
            let refusal = refused(&format!("https://{host}/hook"));
            assert!(
                matches!(refusal, Refused::NotPublic(_)),
                "{host}: {refusal}"
            );
            let url = format!("http://{host}/hook");
            assert!(Egress::Anywhere.check(&url).is_ok(), "{host}");
        }
    }

    #[test]
    fn only_https_without_a_user_is_allowed() {
        assert_eq!(refused("http://example.com/"), Refused::NotEncrypted);
        assert_eq!(refused("file:///etc/passwd"), Refused::NotHttp);
        assert_eq!(refused("gopher://example.com/"), Refused::NotHttp);
        assert_eq!(refused("hooks"), Refused::NotHttp);
        assert_eq!(refused("https://u:p@example.com/"), Refused::WithUser);
        assert!(
            Egress::PublicOnly
                .check("https://example.com/a?b=c")
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_name_that_stands_for_a_private_address_is_not_reached() {
        let client = Egress::PublicOnly.client().build().unwrap();
        // The check of the URL is left out here; the connection is refused all the same.
        let error = client.get("http://localhost:1/").send().await.unwrap_err();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        assert!(cause.to_string().contains("no public address"), "{cause}");
    }
}
