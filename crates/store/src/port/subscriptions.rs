//! Subscriptions: who is told of changes, and of which.

use std::str::FromStr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ChangeFilter, Delivery, DeliveryId, DeliveryState, Page, PageRequest, TenantId};
use crate::error::Result;

/// Names a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub Uuid);

/// The word is none of those that are stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no such word")]
pub struct UnknownWord(pub(crate) String);

/// What messages look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageForm {
    /// A signed webhook that carries a CloudEvent.
    CloudEvents,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of a Teams workflow.
    Teams,
}

impl MessageForm {
    /// All forms.
    pub const ALL: [MessageForm; 3] = [
        MessageForm::CloudEvents,
        MessageForm::Slack,
        MessageForm::Teams,
    ];

    /// The stored word.
    pub fn name(self) -> &'static str {
        match self {
            MessageForm::CloudEvents => "cloudevents",
            MessageForm::Slack => "slack",
            MessageForm::Teams => "teams",
        }
    }
}

impl FromStr for MessageForm {
    type Err = UnknownWord;

    fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|form| form.name() == word);
        known.ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// Whether a subscription's messages are made and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// They are.
    Active,
    /// Somebody paused it. When it is active again it goes on where it was.
    Paused,
    /// Its receiver said that it is gone for good. Otherwise as if it were paused.
    Gone,
}

impl SubscriptionState {
    const ALL: [SubscriptionState; 3] = [
        SubscriptionState::Active,
        SubscriptionState::Paused,
        SubscriptionState::Gone,
    ];

    /// The stored word.
    pub fn name(self) -> &'static str {
        match self {
            SubscriptionState::Active => "active",
            SubscriptionState::Paused => "paused",
            SubscriptionState::Gone => "gone",
        }
    }
}

impl FromStr for SubscriptionState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|state| state.name() == word);
        known.ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As far as it may be shown.
    pub address: String,
    /// The key that opens the rest.
    pub sealed_by: String,
    /// URL and secret, encrypted. The store cannot read it.
    pub sealed: Vec<u8>,
}

/// A subscription to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// What its messages look like.
    pub form: MessageForm,
    /// Where they go.
    pub target: Target,
    /// What they are about.
    pub filter: ChangeFilter,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// What people call it.
    pub name: String,
    /// What its messages look like.
    pub form: MessageForm,
    /// Whether they are made and sent.
    pub state: SubscriptionState,
    /// Where they go.
    pub target: Target,
    /// What they are about.
    pub filter: ChangeFilter,
    /// Messages that wait, counted up to a bound.
    pub waiting: u32,
    /// Messages that were given up, counted up to a bound.
    pub dead: u32,
    /// Tries in a row that failed.
    pub failures: u32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// What to change about a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionChange {
    /// Another name.
    pub name: Option<String>,
    /// Another state.
    pub state: Option<SubscriptionState>,
    /// Another target. What waits goes there.
    pub target: Option<Target>,
    /// Another filter, for messages that are not made yet.
    pub filter: Option<ChangeFilter>,
}

/// Subscriptions and what became of their messages, for those who own them.
#[async_trait]
pub trait Subscriptions: Send + Sync + 'static {
    /// Stores a subscription, which is told of changes from now on; false when the tenant has as
    /// many as it may.
    async fn create_subscription(&self, subscription: &NewSubscription) -> Result<bool>;

    /// A tenant's subscriptions, the oldest first.
    async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<Subscription>>;

    /// One of them.
    async fn subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>>;

    /// Changes one; false when the tenant has none of this id. What failed is tried again at once.
    async fn change_subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        change: &SubscriptionChange,
    ) -> Result<bool>;

    /// Removes one with its messages; false when the tenant has none of this id.
    async fn delete_subscription(&self, tenant: TenantId, id: SubscriptionId) -> Result<bool>;

    /// Puts a message to try it out before all others, whatever the subscription's state; `None`
    /// when the tenant has no such subscription.
    async fn add_test_delivery(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
    ) -> Result<Option<DeliveryId>>;

    /// A subscription's messages, the newest first; `None` when the tenant has no such subscription.
    async fn deliveries(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        state: Option<DeliveryState>,
        page: &PageRequest,
    ) -> Result<Option<Page<Delivery>>>;

    /// One of a tenant's messages.
    async fn delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<Option<Delivery>>;

    /// Tries a message again that was given up; false when the tenant has none such.
    async fn redrive_delivery(&self, tenant: TenantId, id: &DeliveryId) -> Result<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_words_read_back() {
        for form in MessageForm::ALL {
            assert_eq!(form.name().parse(), Ok(form));
        }
        for state in SubscriptionState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert!("pigeon".parse::<MessageForm>().is_err());
    }
}
