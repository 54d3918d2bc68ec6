//! One piece of a walk: tags of a repository and what they name, then what it holds untagged.

use std::time::Duration;

use chrono::Utc;
use metrics::counter;
use scanyard_oci::{OciError, Reference, RegistryOptions, find_manifest};
use scanyard_package::Digest;
use scanyard_protocol::Lane;
use scanyard_store::{
    CreatedScan, NewScan, PageRequest, ScanId, Store, Tag, TagDetail, Walk, WalkStep,
};
use scanyard_telemetry::name;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Tags or images that are read from the store at once.
const PAGE: u32 = 100;
/// How long a registry is left alone that does not say for how long.
const PAUSE: Duration = Duration::from_secs(300);
/// However long it asks.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Where a walk goes on, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// After this tag.
    Tags(Option<String>),
    /// After this untagged image.
    Images(Option<String>),
}

/// How long the registry is to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause(pub Duration);

/// How the walk goes on after a request.
enum After {
    Next,
    /// The registry gives no answers now.
    Paused(Pause),
    /// It gives us none about this repository.
    Refused,
}

pub struct Piece<'a> {
    pub store: &'a dyn Store,
    pub options: &'a RegistryOptions,
    /// How long after this walk the next begins.
    pub every: Duration,
    pub walk: &'a Walk,
    /// Requests that may still be made.
    pub requests: u32,
    pub pause: Option<Pause>,
}

impl Piece<'_> {
    /// Walks until the requests are used up, the repository ends or the registry refuses.
    pub async fn walk(&mut self) -> anyhow::Result<WalkStep> {
        let cursor = self.walk.cursor.as_deref();
        let place = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        let mut place = place.unwrap_or(Place::Tags(None));
        loop {
            let after = match &place {
                Place::Tags(after) => self.walk_tags(after.clone()).await?,
                Place::Images(after) => self.walk_images(after.clone()).await?,
            };
            match after {
                Walked::On(next) => place = next,
                Walked::UsedUp(next) => return go_on(&next, Duration::ZERO),
                Walked::Ended => return Ok(WalkStep::Complete(self.every)),
                Walked::Paused(next, pause) => {
                    self.pause = Some(pause);
                    return go_on(&next, pause.0);
                }
            }
        }
    }

    async fn walk_tags(&mut self, mut after: Option<String>) -> anyhow::Result<Walked> {
        let page = PageRequest {
            cursor: after.clone(),
            limit: PAGE,
        };
        let Walk {
            tenant, repository, ..
        } = self.walk;
        let Some(page) = self.store.tags(*tenant, repository, &page).await? else {
            return Ok(Walked::Ended);
        };
        for tag in page.items {
            if self.requests == 0 {
                return Ok(Walked::UsedUp(Place::Tags(after)));
            }
            match self.check_tag(&tag).await? {
                After::Next => after = Some(tag.name),
                After::Paused(pause) => return Ok(Walked::Paused(Place::Tags(after), pause)),
                After::Refused => return Ok(Walked::Ended),
            }
        }
        Ok(Walked::On(match page.next {
            Some(_) => Place::Tags(after),
            None => Place::Images(None),
        }))
    }

    async fn walk_images(&mut self, mut after: Option<String>) -> anyhow::Result<Walked> {
        let Walk {
            tenant, repository, ..
        } = self.walk;
        let from = after.as_deref().and_then(|digest| digest.parse().ok());
        let untagged = self
            .store
            .untagged_images(*tenant, repository, from, PAGE)
            .await?;
        if untagged.is_empty() {
            return Ok(Walked::Ended);
        }
        for image in untagged {
            if self.requests == 0 {
                return Ok(Walked::UsedUp(Place::Images(after)));
            }
            match self.check_image(image).await? {
                After::Next => after = Some(image.to_string()),
                After::Paused(pause) => return Ok(Walked::Paused(Place::Images(after), pause)),
                After::Refused => return Ok(Walked::Ended),
            }
        }
        Ok(Walked::On(Place::Images(after)))
    }

    async fn check_tag(&mut self, known: &TagDetail) -> anyhow::Result<After> {
        let Walk {
            tenant, repository, ..
        } = self.walk;
        let reference = format!("{repository}:{}", known.name);
        let tag = Tag {
            repository: repository.clone(),
            name: known.name.clone(),
        };
        // What is pushed from now on is newer than what the registry is about to say.
        let asked_at = Utc::now();
        match self.ask(&reference).await {
            Ok(digest) if names(known, digest) => {
                self.store
                    .tag_confirmed(*tenant, &tag, digest, asked_at)
                    .await?;
            }
            Ok(digest) => self.submit(reference, known, digest).await?,
            Err(OciError::NotFound(_)) => {
                self.store.tag_deleted(*tenant, &tag, asked_at).await?;
                count_found("tag_gone");
            }
            Err(error) => return Ok(after_error(&error)),
        }
        Ok(After::Next)
    }

    async fn check_image(&mut self, image: Digest) -> anyhow::Result<After> {
        let Walk {
            tenant, repository, ..
        } = self.walk;
        let asked_at = Utc::now();
        match self.ask(&format!("{repository}@{image}")).await {
            Ok(_) => {}
            Err(OciError::NotFound(_)) => {
                self.store
                    .image_deleted_in_repository(*tenant, repository, image, asked_at)
                    .await?;
                count_found("image_gone");
            }
            Err(error) => return Ok(after_error(&error)),
        }
        Ok(After::Next)
    }

    async fn ask(&mut self, reference: &str) -> Result<Digest, OciError> {
        self.requests -= 1;
        let reference: Reference = match reference.parse() {
            Ok(reference) => reference,
            Err(error) => {
                return Err(OciError::Unexpected {
                    registry: reference.to_owned(),
                    detail: error.to_string(),
                });
            }
        };
        find_manifest(&reference, self.options).await
    }

    /// The tag names something else: it is scanned, once for each time that it moves.
    async fn submit(
        &self,
        reference: String,
        known: &TagDetail,
        digest: Digest,
    ) -> anyhow::Result<()> {
        let since = known.images.first().map(|image| image.since);
        let since = since.map_or(0, |since| since.timestamp_micros());
        let scan = NewScan {
            id: ScanId(Uuid::now_v7()),
            tenant: self.walk.tenant,
            idempotency_key: Some(format!("walk {reference}@{digest} {since}")),
            reference,
            platform: platform_of(known),
            lane: Lane::Bulk,
            traceparent: None,
        };
        if let CreatedScan::New(_) = self.store.create_scan(&scan).await? {
            count_found("tag_moved");
        }
        Ok(())
    }
}

/// How far a page was walked.
enum Walked {
    On(Place),
    UsedUp(Place),
    Paused(Place, Pause),
    Ended,
}

fn go_on(place: &Place, wait: Duration) -> anyhow::Result<WalkStep> {
    let cursor = serde_json::to_string(place)?;
    Ok(WalkStep::Continue(Some(cursor), wait))
}

fn count_found(what: &'static str) {
    counter!(name::WALK_FOUND, "what" => what).increment(1);
}

/// Whether a tag is known to name this: an image of it, or the index that leads to them.
fn names(known: &TagDetail, digest: Digest) -> bool {
    known.digest == Some(digest) || known.images.iter().any(|image| image.digest == digest)
}

/// An index of which one platform was scanned is scanned for that one again.
fn platform_of(known: &TagDetail) -> Option<String> {
    match known.images.as_slice() {
        [image] if known.digest.is_some_and(|digest| digest != image.digest) => {
            Some(image.platform.clone())
        }
        _ => None,
    }
}

/// Any failure but "not found" changes nothing.
fn after_error(error: &OciError) -> After {
    match error {
        OciError::RateLimited { retry_after, .. } => {
            let pause = retry_after.unwrap_or(PAUSE);
            After::Paused(Pause(pause.min(LONGEST_PAUSE)))
        }
        OciError::Denied { .. } => After::Refused,
        error if error.is_retryable() => After::Paused(Pause(PAUSE)),
        _ => After::Next,
    }
}
