//! A kind of sender: what is known of it.

use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kinds;
use crate::proof::{Known, Proof, shows};

/// Where the registry's host comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Deliveries name it, as the sender knows it; who sets up the hook may know a better name.
    Delivery,
    /// Deliveries do not name it, so the hook must.
    Hook,
}

/// What is known of a kind.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Its word in addresses.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    pub origin: Origin,
    pub proofs: &'static [Proof],
    pub read: fn(&Delivery<'_>) -> Result<Answer, Unreadable>,
    /// What to set up at the sender, a line each.
    pub settings: fn(&Address<'_>) -> Vec<String>,
}

/// Where a sender delivers to, and its secret.
#[derive(Clone, Copy)]
pub struct Address<'a> {
    /// The URL without the secret.
    pub url: &'a str,
    /// The secret.
    pub secret: &'a str,
}

impl Address<'_> {
    /// The URL with the secret in its query, for senders that offer nothing else.
    pub(crate) fn with_token(&self) -> String {
        format!("{}?token={}", self.url, self.secret)
    }
}

/// A kind of sender.
#[derive(Debug, Clone, Copy)]
pub struct Kind(&'static Facts);

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Kind {}

impl Kind {
    /// Every kind, by name.
    pub fn all() -> impl Iterator<Item = Kind> {
        kinds::ALL.iter().map(|facts| Kind(facts))
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Its word in addresses: `docker-hub`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What people call it: `Docker Hub`.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// Where the registry's host comes from.
    pub fn origin(self) -> Origin {
        self.0.origin
    }

    /// Whether it signs deliveries, so that its secret must be known in plain.
    pub fn signs(self) -> bool {
        let mut proofs = self.0.proofs.iter();
        proofs.any(|proof| matches!(proof, Proof::Signature { .. }))
    }

    /// Whether a delivery comes from who knows the secret. `token` is that of the query.
    pub fn is_authentic(
        self,
        known: &Known<'_>,
        delivery: &Delivery<'_>,
        token: Option<&str>,
    ) -> bool {
        shows(self.0.proofs, known, delivery, token)
    }

    /// Reads a delivery.
    ///
    /// # Errors
    ///
    /// When it has not the form of this kind's deliveries.
    pub fn read(self, delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
        (self.0.read)(delivery)
    }

    /// What to set up at the sender, a line each. Holds the secret.
    pub fn settings(self, address: &Address<'_>) -> Vec<String> {
        (self.0.settings)(address)
    }
}
