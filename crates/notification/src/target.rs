//! Where messages go, sealed for the store. The address of a chat's webhook is a secret itself: who
//! knows it can write there.

use scanyard_egress::{Egress, Refused};
use scanyard_sealing::{SealError, Sealed, SealingKeys, Secret};
use scanyard_store::{SubscriptionId, Target};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::SigningSecret;

/// Where messages go, as the sender needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenTarget {
    /// The whole address.
    pub url: Url,
    /// What to sign with; chats take no signature.
    pub secret: Option<SigningSecret>,
}

impl std::fmt::Debug for OpenTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenTarget({})", shown(&self.url))
    }
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be opened.
    #[error("the receiver's address cannot be decrypted")]
    Sealed(#[from] SealError),
    /// What was sealed is none.
    #[error("what was sealed is no receiver's address")]
    Corrupt,
    /// It may not be reached.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What is sealed: JSON. Fields are only ever added, each with a default.
#[derive(Serialize, Deserialize)]
struct StoredTarget {
    url: String,
    #[serde(default)]
    secret: Option<String>,
}

/// Seals a target for a subscription.
///
/// # Errors
///
/// When the system gives no randomness.
pub fn seal(
    keys: &SealingKeys,
    subscription: SubscriptionId,
    target: &OpenTarget,
) -> Result<Target, TargetError> {
    let stored = StoredTarget {
        url: target.url.as_str().to_owned(),
        secret: target.secret.as_ref().map(SigningSecret::expose),
    };
    let stored = serde_json::to_vec(&stored).map_err(|_| TargetError::Corrupt)?;
    let stored = Secret::from(stored);
    let sealed = keys.seal(stored.expose(), &row(subscription))?;
    Ok(Target {
        address: shown(&target.url),
        sealed_by: sealed.key_id,
        sealed: sealed.content,
    })
}

/// Opens a subscription's target, if it may be reached.
///
/// # Errors
///
/// When the key is not at hand, or the target may not be reached.
pub fn open(
    keys: &SealingKeys,
    subscription: SubscriptionId,
    target: &Target,
    egress: Egress,
) -> Result<OpenTarget, TargetError> {
    let sealed = Sealed {
        key_id: target.sealed_by.clone(),
        content: target.sealed.clone(),
    };
    let opened = keys.open(&sealed, &row(subscription))?;
    let stored: StoredTarget =
        serde_json::from_slice(opened.expose()).map_err(|_| TargetError::Corrupt)?;
    let secret = stored.secret.as_deref().map(SigningSecret::parse);
    Ok(OpenTarget {
        url: egress.check(&stored.url)?,
        secret: secret.transpose().map_err(|_| TargetError::Corrupt)?,
    })
}

fn row(subscription: SubscriptionId) -> String {
    format!("subscription {}", subscription.0)
}

/// As much of an address as may be shown: not its path and query, in which chats have their secret.
fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    match url.path() {
        "/" if url.query().is_none() => format!("{origin}/"),
        _ => format!("{origin}/…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_target_is_opened_for_its_subscription_only_and_shows_no_secret() {
        let keys = SealingKeys::generate().unwrap();
        let keys = SealingKeys::parse(std::str::from_utf8(keys.expose()).unwrap()).unwrap();
        let id = |number| SubscriptionId(Uuid::from_u128(number));
        let target = OpenTarget {
            url: Url::parse("https://hooks.example.com/services/T0/hunter2?a=b").unwrap(),
            secret: Some(SigningSecret::generate().unwrap()),
        };
        let sealed = seal(&keys, id(1), &target).unwrap();
        assert_eq!(sealed.address, "https://hooks.example.com/…");
        assert!(!format!("{target:?} {sealed:?}").contains("hunter2"));
        let opened = open(&keys, id(1), &sealed, Egress::PublicOnly).unwrap();
        assert_eq!(opened, target);
        let elsewhere = open(&keys, id(2), &sealed, Egress::PublicOnly);
        assert!(matches!(elsewhere, Err(TargetError::Sealed(_))));
    }
}
