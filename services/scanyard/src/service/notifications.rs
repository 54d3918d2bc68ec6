//! How others are told of changes, and whom we may reach.

use std::sync::Arc;

use scanyard_egress::Egress;
use scanyard_notification::Links;
use scanyard_sealing::SealingKeys;

use crate::cli::NotificationArgs;
use crate::exit::Usage;

/// How others are told of changes.
#[derive(Debug, Clone, Default)]
pub struct NotificationOptions {
    /// What their secrets are sealed with; without it none are taken.
    pub keys: Option<Arc<SealingKeys>>,
    /// Whom we may reach.
    pub egress: Egress,
    /// Where messages link to.
    pub links: Links,
}

impl NotificationOptions {
    /// Reads the options.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn resolve(
        args: &NotificationArgs,
        keys: Option<Arc<SealingKeys>>,
    ) -> anyhow::Result<Self> {
        let public_url = args.public_url.as_deref().map(url::Url::parse).transpose();
        let public_url = public_url
            .ok()
            .filter(|url| url.as_ref().is_none_or(|url| url.has_host()))
            .ok_or_else(|| Usage("--public-url is none: write https://HOST/".to_owned()))?;
        Ok(Self {
            keys,
            egress: match args.allow_private_receivers {
                true => Egress::Anywhere,
                false => Egress::PublicOnly,
            },
            links: Links { public_url },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        notifications: NotificationArgs,
    }

    fn resolve(options: &[&str]) -> anyhow::Result<NotificationOptions> {
        let words = ["test"].iter().chain(options);
        let args = Command::try_parse_from(words).unwrap().notifications;
        NotificationOptions::resolve(&args, None)
    }

    #[test]
    fn a_public_address_has_a_host() {
        for wrong in ["scanyard", "mailto:a@b"] {
            assert!(resolve(&["--public-url", wrong]).is_err(), "{wrong}");
        }
        let options = resolve(&["--public-url", "https://a.example.com"]).unwrap();
        assert_eq!(options.egress, Egress::PublicOnly);
        assert!(options.links.public_url.is_some());
    }
}
