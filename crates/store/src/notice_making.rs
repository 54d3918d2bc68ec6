//! How messages are made of changes, the same for both adapters.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use scanyard_package::Severity;

use crate::error::Result;
use crate::stored_finding::decode_finding;
use crate::stored_notification::encode_notification;
use crate::words::{corrupt, read_word};
use crate::{
    ChangeFilter, ChangeId, ChangeNotice, DeliveryId, ImageCount, NoticedPackage, Notification,
    SubscriptionId,
};

/// Subscriptions that a tenant may have.
pub(crate) const MAX_SUBSCRIPTIONS: i64 = 100;
/// Messages of a subscription that wait before no more are made.
pub(crate) const MAX_WAITING: i64 = 1000;
/// Groups of changes that are looked at in one transaction.
pub(crate) const GROUPS: i64 = 50;
/// Packages that are looked at of each group.
pub(crate) const NOTICED_PACKAGES: i64 = 100;
/// Images that are counted of each group.
pub(crate) const NOTICED_IMAGES: i64 = 10_000;
/// Packages that a message names.
const EXAMPLES: usize = 10;
/// Messages that are counted of each subscription.
pub(crate) const COUNTED_DELIVERIES: i64 = 10_000;

/// Changes of a revision about a vulnerability, in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) revision: i64,
    pub(crate) vulnerability: String,
    pub(crate) kind: String,
}

impl Group {
    /// The id of the message about it to a subscription.
    pub(crate) fn delivery_id(&self, subscription: SubscriptionId) -> DeliveryId {
        let told = format!("{}\0{}", self.vulnerability, self.kind);
        let told = digest(&SHA256, told.as_bytes());
        DeliveryId(format!(
            "{}-{}-{}",
            subscription.0.simple(),
            self.revision,
            hex::encode(&told.as_ref()[..16])
        ))
    }
}

/// The id of a message that tries the way out.
pub(crate) fn test_delivery_id(subscription: SubscriptionId) -> DeliveryId {
    let unique = uuid::Uuid::now_v7();
    DeliveryId(format!(
        "{}-test-{}",
        subscription.0.simple(),
        unique.simple()
    ))
}

/// A change of a group, as its row has it.
pub(crate) struct NoticedChange {
    pub(crate) sequence: i64,
    pub(crate) package_id: i64,
    pub(crate) purl: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// The content of the message about a group; it has changes, one more than are noticed where there
/// are more.
pub(crate) fn notice_of(
    group: &Group,
    changes: &[NoticedChange],
    images: i64,
) -> Result<Option<String>> {
    let Some(first) = changes.first() else {
        return Ok(None);
    };
    let mut notice = ChangeNotice {
        kind: read_word(&group.kind, str::parse)?,
        vulnerability: group.vulnerability.clone(),
        revision: group.revision,
        at: first.at,
        severity: Severity::Unknown,
        known_exploited: false,
        fixable: false,
        images: ImageCount::bounded(images, NOTICED_IMAGES),
        packages: ImageCount::bounded(
            i64::try_from(changes.len()).unwrap_or(i64::MAX),
            NOTICED_PACKAGES,
        ),
        examples: Vec::new(),
    };
    if !notice.packages.is_exact() {
        // Images of packages that were not looked at are not counted.
        notice.images = ImageCount::AtLeast(notice.images.counted());
    }
    for change in changes {
        add_change(&mut notice, change)?;
    }
    notice
        .examples
        .sort_by(|a, b| (b.severity, a.change).cmp(&(a.severity, b.change)));
    notice.examples.truncate(EXAMPLES);
    encode_notification(&Notification::Changes(notice)).map(Some)
}

fn add_change(notice: &mut ChangeNotice, change: &NoticedChange) -> Result<()> {
    let read = |content: &Option<String>| content.as_deref().map(decode_finding).transpose();
    let (before, after) = (read(&change.before)?, read(&change.after)?);
    let told = after.as_ref().or(before.as_ref());
    let told = told.ok_or_else(|| corrupt("change", change.sequence))?;
    notice.severity = notice.severity.max(told.severity);
    notice.known_exploited |= told.known_exploited;
    notice.fixable |= !told.fixed_versions.is_empty();
    notice.examples.push(NoticedPackage {
        change: ChangeId(change.sequence),
        package: change.purl.clone(),
        severity: told.severity,
        severity_before: before
            .as_ref()
            .map(|before| before.severity)
            .filter(|severity| *severity != told.severity),
        fixed_versions: told.fixed_versions.clone(),
    });
    Ok(())
}

/// The kinds of a filter as one word.
pub(crate) fn write_kinds(filter: &ChangeFilter) -> String {
    let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.name()).collect();
    kinds.join(" ")
}

/// A filter as its columns have it.
pub(crate) struct FilterColumns {
    pub(crate) kinds: String,
    pub(crate) min_severity: Option<String>,
    pub(crate) only_fixable: bool,
    pub(crate) only_known_exploited: bool,
    pub(crate) repository: Option<String>,
}

impl FilterColumns {
    pub(crate) fn read(self) -> Result<ChangeFilter> {
        let kinds = self.kinds.split_whitespace();
        let severity = self.min_severity.as_deref();
        Ok(ChangeFilter {
            kinds: kinds
                .map(|kind| read_word(kind, str::parse))
                .collect::<Result<_>>()?,
            min_severity: severity
                .map(|word| read_word(word, str::parse))
                .transpose()?,
            only_fixable: self.only_fixable,
            only_known_exploited: self.only_known_exploited,
            repository: self.repository,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_what_is_told_and_to_whom() {
        let group = |vulnerability: &str, kind: &str| Group {
            revision: 7,
            vulnerability: vulnerability.to_owned(),
            kind: kind.to_owned(),
        };
        let (one, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
        let id = |group: &Group, to| group.delivery_id(SubscriptionId(to));
        let told = id(&group("CVE-1", "new"), one);
        assert_eq!(told, id(&group("CVE-1", "new"), one));
        for another in [
            id(&group("CVE-1", "new"), other),
            id(&group("CVE-1", "fixed"), one),
            id(&group("CVE-2", "new"), one),
        ] {
            assert_ne!(told, another);
        }
    }
}
