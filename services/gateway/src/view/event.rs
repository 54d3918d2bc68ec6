//! Events as JSON: what new advisories changed.

use chrono::{DateTime, Utc};
use scanyard_package::Severity;
use scanyard_store::{Change, ChangeKind, Event, HistoryEntry, ImageCount, ImageEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FindingView, SeverityView, TagView};

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventKind)]
pub enum EventKindView {
    /// It was not there before.
    #[serde(rename = "finding.new")]
    New,
    /// It is there no more.
    #[serde(rename = "finding.fixed")]
    Fixed,
    /// It says something else: another severity, a fix, that it is exploited.
    #[serde(rename = "finding.changed")]
    Changed,
}

impl EventKindView {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            EventKindView::New => "finding.new",
            EventKindView::Fixed => "finding.fixed",
            EventKindView::Changed => "finding.changed",
        }
    }

    /// Reads the word of the API.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = ChangeKind::ALL.map(EventKindView::from);
        all.into_iter().find(|kind| kind.name() == name)
    }
}

impl From<ChangeKind> for EventKindView {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::New => EventKindView::New,
            ChangeKind::Fixed => EventKindView::Fixed,
            ChangeKind::Changed => EventKindView::Changed,
        }
    }
}

impl From<EventKindView> for ChangeKind {
    fn from(kind: EventKindView) -> Self {
        match kind {
            EventKindView::New => ChangeKind::New,
            EventKindView::Fixed => ChangeKind::Fixed,
            EventKindView::Changed => ChangeKind::Changed,
        }
    }
}

/// How many images. Counting ends at a bound.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageCount)]
pub struct ImageCountView {
    /// How many were counted.
    count: u32,
    /// Whether these are all; otherwise there are more.
    exact: bool,
}

impl From<ImageCount> for ImageCountView {
    fn from(count: ImageCount) -> Self {
        Self {
            count: count.counted(),
            exact: count.is_exact(),
        }
    }
}

/// What new advisories changed about a package in your images.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its id, which is also the `cursor` of those after it.
    id: i64,
    /// What became of the finding.
    kind: EventKindView,
    /// When it became known.
    time: DateTime<Utc>,
    /// Sequence number of the advisory revision that changed it.
    revision: i64,
    /// The vulnerability's id.
    #[schema(example = "CVE-2023-5363")]
    vulnerability: String,
    /// Purl of the package.
    package: String,
    /// How bad it is or, where it is fixed, was.
    severity: SeverityView,
    /// The finding before; null where it is new.
    before: Option<FindingView>,
    /// The finding now; null where it is fixed.
    after: Option<FindingView>,
    /// Your images that it concerns.
    images: ImageCountView,
    /// Where to list them.
    #[schema(example = "/v1/events/7/images")]
    images_path: String,
}

impl EventView {
    /// Its id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Its kind.
    pub fn kind(&self) -> EventKindView {
        self.kind
    }
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let change = event.change;
        let severity = change.finding().map(|finding| finding.severity);
        let view = |finding| FindingView::from((change.package.clone(), finding));
        Self {
            id: change.id.0,
            kind: change.kind.into(),
            time: change.at,
            revision: change.revision,
            severity: severity.unwrap_or(Severity::Unknown).into(),
            before: change.before.map(view),
            after: change.after.map(view),
            images: event.images.into(),
            images_path: format!("/v1/events/{}/images", change.id.0),
            vulnerability: change.vulnerability,
            package: change.package,
        }
    }
}

/// What can happen to an image.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind")]
#[schema(as = ImageEvent)]
pub enum ImageEventView {
    /// You reached it for the first time.
    #[serde(rename = "image.first_seen")]
    FirstSeen,
    /// What is in it became known, or was found to be more than was known.
    #[serde(rename = "image.cataloged")]
    Cataloged {
        /// Sequence number of the advisory revision in use then.
        revision: i64,
        /// Packages in it.
        packages: u32,
        /// When a better cataloger found something else; null while this is what is in it.
        replaced_at: Option<DateTime<Utc>>,
    },
    /// You had it no more.
    #[serde(rename = "image.gone")]
    Gone,
    /// A tag began to name it.
    #[serde(rename = "tag.added")]
    TagAdded {
        /// The tag.
        tag: TagView,
    },
    /// A tag names it no more.
    #[serde(rename = "tag.removed")]
    TagRemoved {
        /// The tag.
        tag: TagView,
    },
    /// A finding is new.
    #[serde(rename = "finding.new")]
    New(ImageChangeView),
    /// A finding is gone.
    #[serde(rename = "finding.fixed")]
    Fixed(ImageChangeView),
    /// A finding says something else.
    #[serde(rename = "finding.changed")]
    Changed(ImageChangeView),
}

/// What new advisories changed about a package of the image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageChange)]
pub struct ImageChangeView {
    /// The event's id.
    event_id: i64,
    /// Sequence number of the advisory revision that changed it.
    revision: i64,
    /// The vulnerability's id.
    vulnerability: String,
    /// Purl of the package.
    package: String,
    /// The finding before; null where it is new.
    before: Option<FindingView>,
    /// The finding now; null where it is fixed.
    after: Option<FindingView>,
}

impl From<Change> for ImageChangeView {
    fn from(change: Change) -> Self {
        let view = |finding| FindingView::from((change.package.clone(), finding));
        Self {
            event_id: change.id.0,
            revision: change.revision,
            before: change.before.map(view),
            after: change.after.map(view),
            vulnerability: change.vulnerability,
            package: change.package,
        }
    }
}

/// What happened to an image, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub struct HistoryEntryView {
    /// When.
    time: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    what: ImageEventView,
}

impl From<HistoryEntry> for HistoryEntryView {
    fn from(entry: HistoryEntry) -> Self {
        let what = match entry.what {
            ImageEvent::FirstSeen => ImageEventView::FirstSeen,
            ImageEvent::Gone => ImageEventView::Gone,
            ImageEvent::Cataloged {
                revision,
                packages,
                replaced_at,
            } => ImageEventView::Cataloged {
                revision,
                packages,
                replaced_at,
            },
            ImageEvent::Tagged(tag) => ImageEventView::TagAdded { tag: tag.into() },
            ImageEvent::Untagged(tag) => ImageEventView::TagRemoved { tag: tag.into() },
            ImageEvent::Finding(change) => match change.kind {
                ChangeKind::New => ImageEventView::New((*change).into()),
                ChangeKind::Fixed => ImageEventView::Fixed((*change).into()),
                ChangeKind::Changed => ImageEventView::Changed((*change).into()),
            },
        };
        Self {
            time: entry.at,
            what,
        }
    }
}
