//! One piece of a listing: what is left of a page of repositories, as far as it goes.

use std::time::Duration;

use scanyard_oci::{
    OciError, Reference, RegistryHost, RegistryOptions, list_repositories, list_tags,
};
use scanyard_store::{
    BulkReference, Listed, Listing, ListingStep, RejectedPlace, Rejection, Rejections, ScanFailure,
    matches_name,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::tag_order::Newest;

/// A piece ends at so many references: they are stored in one transaction.
const REFERENCES: usize = 2000;
/// It also ends after this time, so that others have their turn.
const TIME: Duration = Duration::from_secs(30);
/// Pages of one listing. A registry whose pages never end is not listed to the end.
const MAX_PAGES: u32 = 100_000;
/// Tries of a piece before what is in its way is given up.
const MAX_TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// Where a listing goes on, as the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// Pages that were read.
    pages: u32,
    /// The page of repositories.
    catalog: Option<String>,
    /// The last repository of that page that is listed.
    after: Option<String>,
    /// The page of tags of the repository after it.
    tags: Option<String>,
}

/// Lists until the piece is full, the page of repositories ends or something fails.
pub async fn list_piece(listing: &Listing, options: &RegistryOptions) -> Listed {
    let cursor = match &listing.cursor {
        None => Ok(Cursor::default()),
        Some(cursor) => serde_json::from_str(cursor),
    };
    let mut piece = Piece {
        listing,
        options,
        cursor: cursor.unwrap_or_default(),
        references: Vec::new(),
        rejections: Rejections::default(),
        ends_at: Instant::now() + TIME,
    };
    let next = match piece.list().await {
        Ok(step) => step,
        Err(error) => piece.after_error(&error),
    };
    Listed {
        references: piece.references,
        rejections: piece.rejections,
        next,
    }
}

struct Piece<'a> {
    listing: &'a Listing,
    options: &'a RegistryOptions,
    cursor: Cursor,
    references: Vec<BulkReference>,
    rejections: Rejections,
    ends_at: Instant,
}

impl Piece<'_> {
    async fn list(&mut self) -> Result<ListingStep, OciError> {
        let selection = &self.listing.selection;
        let host: RegistryHost = match selection.registry.parse() {
            Ok(host) => host,
            Err(error) => {
                return Err(OciError::Unexpected {
                    registry: selection.registry.clone(),
                    detail: error.to_string(),
                });
            }
        };
        self.count_page(&selection.registry)?;
        let page = list_repositories(&host, self.cursor.catalog.as_deref(), self.options).await?;
        for name in self.not_listed(&page.names) {
            if matches_name(&selection.repositories, name) {
                match self.list_repository(name).await {
                    Ok(Progress::Whole) => {}
                    Ok(Progress::Part) => return Ok(self.go_on()),
                    Err(error) if self.may_pass(&error) => return Err(error),
                    Err(error) => self.reject(name, &error.to_string()),
                }
            }
            self.cursor.after = Some(name.clone());
            self.cursor.tags = None;
            if self.is_full() {
                return Ok(self.go_on());
            }
        }
        match page.next {
            None => Ok(ListingStep::Complete),
            next => {
                (self.cursor.catalog, self.cursor.after) = (next, None);
                Ok(self.go_on())
            }
        }
    }

    /// Repositories of the page after the last that is listed. Where that one is gone, the page is
    /// listed again: every reference is kept once.
    fn not_listed<'n>(&self, names: &'n [String]) -> &'n [String] {
        let last = self.cursor.after.as_ref();
        let last = names.iter().position(|name| Some(name) == last);
        last.map_or(names, |place| &names[place + 1..])
    }

    async fn list_repository(&mut self, name: &str) -> Result<Progress, OciError> {
        let selection = &self.listing.selection;
        let text = format!("{}/{name}", selection.registry);
        let Ok(repository) = text.parse::<Reference>() else {
            self.reject(name, "its name is not one of a repository");
            return Ok(Progress::Whole);
        };
        let mut newest = selection.newest.map(Newest::new);
        let mut cursor = self.cursor.tags.clone();
        loop {
            self.count_page(name)?;
            let page = list_tags(&repository, cursor.as_deref(), self.options).await?;
            let wanted = |tag: &String| {
                let pattern = selection.tags.as_deref();
                pattern.is_none_or(|pattern| matches_name(pattern, tag))
            };
            for tag in page.names.into_iter().filter(wanted) {
                match &mut newest {
                    Some(newest) => newest.add(tag),
                    None => self.add(&repository, name, &tag),
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            // The newest are known at the end only; a part of them would be asked for again.
            if newest.is_none() {
                self.cursor.tags.clone_from(&cursor);
                if self.is_full() {
                    return Ok(Progress::Part);
                }
            }
        }
        for tag in newest.into_iter().flat_map(Newest::into_tags) {
            self.add(&repository, name, &tag);
        }
        Ok(Progress::Whole)
    }

    fn add(&mut self, repository: &Reference, name: &str, tag: &str) {
        let text = format!(
            "{}/{}:{tag}",
            repository.registry(),
            repository.repository()
        );
        match text.parse::<Reference>() {
            Ok(reference) => self.references.push(BulkReference {
                reference: reference.to_string(),
                platform: self.listing.platform.clone(),
            }),
            Err(error) => self.reject(name, &error.to_string()),
        }
    }

    fn reject(&mut self, repository: &str, reason: &str) {
        self.rejections.add(Rejection {
            place: RejectedPlace::Repository(repository.to_owned()),
            reason: reason.to_owned(),
        });
    }

    fn is_full(&self) -> bool {
        self.references.len() >= REFERENCES || Instant::now() >= self.ends_at
    }

    fn count_page(&mut self, what: &str) -> Result<(), OciError> {
        self.cursor.pages += 1;
        if self.cursor.pages > MAX_PAGES {
            return Err(OciError::Limit {
                what: format!("the list of {what}"),
                limit: format!("{MAX_PAGES} pages"),
            });
        }
        Ok(())
    }

    /// Whether an error with one repository ends the piece: another try may help, or there is no use
    /// in going on.
    fn may_pass(&self, error: &OciError) -> bool {
        let has_tries = self.listing.tries < MAX_TRIES || self.has_progress();
        (error.is_retryable() && has_tries) || self.cursor.pages > MAX_PAGES
    }

    /// Whether something would be lost by trying the same piece again.
    fn has_progress(&self) -> bool {
        let known = self.listing.cursor.as_deref();
        let known = known.and_then(|cursor| serde_json::from_str::<Cursor>(cursor).ok());
        let known = known.unwrap_or_default();
        (&known.catalog, &known.after, &known.tags)
            != (&self.cursor.catalog, &self.cursor.after, &self.cursor.tags)
    }

    fn after_error(&self, error: &OciError) -> ListingStep {
        if error.is_retryable() && self.has_progress() {
            return self.go_on();
        }
        if error.is_retryable() && self.listing.tries < MAX_TRIES {
            let wait = FIRST_WAIT.saturating_mul(1 << self.listing.tries.min(MAX_TRIES));
            return ListingStep::TryAgain(wait);
        }
        ListingStep::Fail(ScanFailure {
            code: error.code().to_owned(),
            message: error.to_string(),
            remedy: error.remedy(),
            retryable: error.is_retryable(),
        })
    }

    fn go_on(&self) -> ListingStep {
        match serde_json::to_string(&self.cursor) {
            Ok(cursor) => ListingStep::Continue(cursor),
            // A cursor always has a JSON form.
            Err(_) => ListingStep::Complete,
        }
    }
}

/// How much of a repository was listed.
enum Progress {
    Whole,
    Part,
}

#[cfg(test)]
mod tests;
