//! Subscriptions and their messages as JSON.

use chrono::{DateTime, Utc};
use scanyard_store::{
    ChangeFilter, ChangeNotice, Delivery, DeliveryState, MessageForm, Notification, Subscription,
    SubscriptionState,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::event::ImageCountView;
use super::{EventKindView, SeverityView};

/// What messages look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageForm)]
pub enum MessageFormView {
    /// A CloudEvent, signed as Standard Webhooks are.
    #[serde(rename = "cloudevents")]
    CloudEvents,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of a Teams workflow.
    Teams,
}

impl From<MessageFormView> for MessageForm {
    fn from(form: MessageFormView) -> Self {
        match form {
            MessageFormView::CloudEvents => MessageForm::CloudEvents,
            MessageFormView::Slack => MessageForm::Slack,
            MessageFormView::Teams => MessageForm::Teams,
        }
    }
}

impl From<MessageForm> for MessageFormView {
    fn from(form: MessageForm) -> Self {
        match form {
            MessageForm::CloudEvents => MessageFormView::CloudEvents,
            MessageForm::Slack => MessageFormView::Slack,
            MessageForm::Teams => MessageFormView::Teams,
        }
    }
}

/// Whether messages are made and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionState)]
pub enum SubscriptionStateView {
    /// They are.
    Active,
    /// You paused it. When it is active again it goes on where it was.
    Paused,
    /// Its receiver answered that it is gone for good (410). Make it active to try again.
    Gone,
}

impl From<SubscriptionState> for SubscriptionStateView {
    fn from(state: SubscriptionState) -> Self {
        match state {
            SubscriptionState::Active => SubscriptionStateView::Active,
            SubscriptionState::Paused => SubscriptionStateView::Paused,
            SubscriptionState::Gone => SubscriptionStateView::Gone,
        }
    }
}

/// Which changes are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = EventFilter)]
pub struct EventFilterView {
    /// Only of these kinds; of all where there are none.
    pub kinds: Vec<EventKindView>,
    /// Only those at least this severe.
    pub min_severity: Option<SeverityView>,
    /// Only those with a fixed version.
    pub fixable: bool,
    /// Only those that are known to be exploited.
    pub known_exploited: bool,
    /// Only those that concern an image in such a repository; `*` stands for anything.
    #[schema(example = "registry.example.com/shop/*")]
    pub repository: Option<String>,
}

impl From<ChangeFilter> for EventFilterView {
    fn from(filter: ChangeFilter) -> Self {
        Self {
            kinds: filter.kinds.into_iter().map(Into::into).collect(),
            min_severity: filter.min_severity.map(Into::into),
            fixable: filter.only_fixable,
            known_exploited: filter.only_known_exploited,
            repository: filter.repository,
        }
    }
}

impl From<EventFilterView> for ChangeFilter {
    fn from(filter: EventFilterView) -> Self {
        Self {
            kinds: filter.kinds.into_iter().map(Into::into).collect(),
            min_severity: filter.min_severity.map(Into::into),
            only_fixable: filter.fixable,
            only_known_exploited: filter.known_exploited,
            repository: filter.repository,
        }
    }
}

/// A subscription, without its secret and without what of its address may be one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionView {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// What its messages look like.
    form: MessageFormView,
    /// Whether they are made and sent.
    state: SubscriptionStateView,
    /// Where they go, without the path.
    #[schema(example = "https://hooks.example.com/…")]
    address: String,
    /// What they are about.
    filter: EventFilterView,
    /// Messages that wait, counted up to 10,000.
    waiting: u32,
    /// Messages that were given up, counted up to 10,000.
    dead: u32,
    /// Tries in a row that failed.
    failures: u32,
    /// When it was created.
    created_at: DateTime<Utc>,
}

impl From<Subscription> for SubscriptionView {
    fn from(subscription: Subscription) -> Self {
        Self {
            id: subscription.id.0,
            name: subscription.name,
            form: subscription.form.into(),
            state: subscription.state.into(),
            address: subscription.target.address,
            filter: subscription.filter.into(),
            waiting: subscription.waiting,
            dead: subscription.dead,
            failures: subscription.failures,
            created_at: subscription.created_at,
        }
    }
}

/// How far a message has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
pub enum DeliveryStateView {
    /// It is to be sent, perhaps again.
    Waiting,
    /// Its receiver took it.
    Delivered,
    /// It was given up.
    Dead,
}

impl From<DeliveryStateView> for DeliveryState {
    fn from(state: DeliveryStateView) -> Self {
        match state {
            DeliveryStateView::Waiting => DeliveryState::Waiting,
            DeliveryStateView::Delivered => DeliveryState::Delivered,
            DeliveryStateView::Dead => DeliveryState::Dead,
        }
    }
}

impl From<DeliveryState> for DeliveryStateView {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Waiting => DeliveryStateView::Waiting,
            DeliveryState::Delivered => DeliveryStateView::Delivered,
            DeliveryState::Dead => DeliveryStateView::Dead,
        }
    }
}

/// What a message tells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// What became of the findings.
    kind: EventKindView,
    /// The vulnerability's id.
    vulnerability: String,
    /// Sequence number of the advisory revision.
    revision: i64,
    /// The worst severity of the findings.
    severity: SeverityView,
    /// Your images that it concerns.
    images: ImageCountView,
}

impl From<ChangeNotice> for NoticeView {
    fn from(notice: ChangeNotice) -> Self {
        Self {
            kind: notice.kind.into(),
            vulnerability: notice.vulnerability,
            revision: notice.revision,
            severity: notice.severity.into(),
            images: notice.images.into(),
        }
    }
}

/// A message and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// Its id, which its receiver sees too. It is the same whenever the message is sent.
    id: String,
    /// What it tells; null for a test.
    notice: Option<NoticeView>,
    /// How far it has got.
    state: DeliveryStateView,
    /// How often it was tried.
    tries: u32,
    /// When it is tried next, at the earliest; null unless it waits.
    due_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    ended_at: Option<DateTime<Utc>>,
    /// The HTTP status that the receiver answered the last try with.
    status: Option<u16>,
    /// Why the last try failed.
    problem: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.0,
            notice: match delivery.notification {
                Notification::Test => None,
                Notification::Changes(notice) => Some(notice.into()),
            },
            state: delivery.state.into(),
            tries: delivery.tries,
            due_at: delivery.due_at,
            created_at: delivery.created_at,
            ended_at: delivery.ended_at,
            status: delivery.status,
            problem: delivery.problem,
        }
    }
}
