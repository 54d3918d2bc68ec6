//! Brings the files of one feed up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use tokio::task::spawn_blocking;

use super::EcosystemOutcome;
use super::ecosystem::Failure;
use super::http::{FetchError, Fetched, Http, Validators};
use super::store::Store;
use crate::enrichment::Enrichment;
use crate::source::{Feed, Listing};

/// The longest file of a feed that is fetched.
const MAX_FILE: u64 = 16 << 30;
/// The longest page that lists files.
const MAX_PAGE: u64 = 8 << 20;

/// One feed, and where its files come from.
pub(super) struct FeedUpdate<'a> {
    pub(super) feed: &'static Feed,
    /// Where its files are.
    pub(super) address: &'a str,
    /// Whether that is where the publisher has them; a mirror has them as we keep them.
    pub(super) is_publisher: bool,
    pub(super) http: &'a Http,
    pub(super) store: &'a Store,
}

/// A file of a feed: the path under which we keep it, and where it is.
struct Remote {
    path: String,
    url: String,
}

impl FeedUpdate<'_> {
    /// Fetches what changed, and reads the feed anew if anything did. `None` if there is nothing
    /// of it at the address.
    pub(super) async fn update(&self) -> Result<Option<EcosystemOutcome>, Failure> {
        let files = match self.list().await {
            Err(Failure::Fetch(FetchError::NotFound { .. })) if !self.is_publisher => {
                return Ok(None);
            }
            files => files?,
        };
        let mut known = self.store.validators(self.feed.name);
        let mut is_new = false;
        let mut found = BTreeSet::new();
        let mut missing = None;
        for file in &files {
            match self.fetch(file, &mut known).await {
                Ok(changed) => {
                    is_new |= changed;
                    found.insert(file.path.clone());
                }
                Err(Failure::Fetch(error @ FetchError::NotFound { .. })) => missing = Some(error),
                Err(failure) => return Err(failure),
            }
        }
        match missing {
            Some(_) if found.is_empty() && !self.is_publisher => return Ok(None),
            Some(error) if found.is_empty() => return Err(error.into()),
            _ => {}
        }
        is_new |= self.store.keep_feed_files(self.feed.name, &found)?;
        if !is_new && self.store.has_feed(self.feed) {
            return Ok(Some(EcosystemOutcome::Unchanged));
        }
        let (store, feed) = (self.store.clone(), self.feed);
        let records = spawn_blocking(move || read(&store, feed))
            .await
            .map_err(io::Error::other)??;
        // Only what was read need not be fetched again.
        self.store.keep_validators(self.feed.name, &known)?;
        Ok(Some(EcosystemOutcome::Full { records }))
    }

    /// Whether the file changed.
    async fn fetch(
        &self,
        file: &Remote,
        known: &mut BTreeMap<String, Validators>,
    ) -> Result<bool, Failure> {
        let path = self.store.feed_file(self.feed.name, &file.path)?;
        let validators = known.get(&file.path).filter(|_| path.exists());
        let download = self.store.download_path();
        let fetched = self
            .http
            .file_if_changed(&file.url, &download, validators, MAX_FILE)
            .await?;
        let Fetched::Changed(validators) = fetched else {
            return Ok(false);
        };
        self.store.check_facts(self.feed, &download)?;
        let is_new = self.store.keep_feed_file(&download, &path, &validators)?;
        known.insert(file.path.clone(), validators);
        Ok(is_new)
    }

    async fn list(&self) -> Result<Vec<Remote>, Failure> {
        let remote = |path: &str| Remote {
            path: path.to_owned(),
            url: format!("{}/{path}", self.address),
        };
        match self.feed.listing {
            Listing::Files(names) => Ok(names.iter().map(|name| remote(name)).collect()),
            Listing::Pointer(pointer) => {
                let name = self.page(&format!("{}/{pointer}", self.address)).await?;
                let name = safe_name(name.trim()).ok_or(Failure::EmptyList)?;
                Ok(vec![remote(name)])
            }
            Listing::Directories(names) => {
                let page = self.page(&format!("{}/", self.address)).await?;
                let files: Vec<_> = directories(&page)
                    .iter()
                    .flat_map(|directory| {
                        names.iter().map(move |name| format!("{directory}/{name}"))
                    })
                    .map(|path| remote(&path))
                    .collect();
                match files.is_empty() {
                    true => Err(Failure::EmptyList),
                    false => Ok(files),
                }
            }
            Listing::Repositories(repositories) if self.is_publisher => {
                self.repositories(repositories).await
            }
            Listing::Repositories(repositories) => Ok(repositories
                .iter()
                .map(|(path, _)| remote(&format!("{path}/updateinfo.xml.gz")))
                .collect()),
        }
    }

    /// Follows each repository's list of mirrors to its index, and that to the file.
    async fn repositories(
        &self,
        repositories: &[(&'static str, &'static str)],
    ) -> Result<Vec<Remote>, Failure> {
        let mut files = Vec::new();
        for (path, mirrors) in repositories {
            let list = self.page(&format!("{}/{mirrors}", self.address)).await?;
            let base = list.lines().next().unwrap_or_default();
            let base = base
                .trim()
                .trim_end_matches('/')
                .replace("$basearch", "x86_64");
            let index = self.page(&format!("{base}/repodata/repomd.xml")).await?;
            let href = updateinfo(&index).ok_or(Failure::EmptyList)?;
            files.push(Remote {
                path: format!("{path}/updateinfo.xml.gz"),
                url: format!("{base}/{href}"),
            });
        }
        Ok(files)
    }

    async fn page(&self, url: &str) -> Result<String, FetchError> {
        let page = self.http.bytes(url, MAX_PAGE).await?;
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

/// Reads a feed's files into its record file; facts are read when the database is compiled.
fn read(store: &Store, feed: &'static Feed) -> Result<u64, Failure> {
    let directory = store.feed_directory(feed.name);
    let mut enrichment = Enrichment::default();
    store.replace_feed(feed, |writer| {
        feed.read(&directory, writer, &mut enrichment)
            .map_err(Failure::from)
    })?;
    let facts = enrichment.known_exploited.ids.len()
        + enrichment.epss.rows.len()
        + enrichment.lifecycles.releases.len();
    Ok(facts as u64 + store.count_feed(feed)?)
}

/// Directories that a page links to, in order: `<a href="v3.18/">`.
fn directories(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1);
    let mut names: Vec<String> = links
        .filter_map(|rest| rest.split_once("/\""))
        .filter_map(|(name, _)| safe_name(name.trim_start_matches("./")))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A name that stays where it is put.
fn safe_name(name: &str) -> Option<&str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = !name.is_empty() && !name.starts_with('.') && name.chars().all(is_safe);
    is_name.then_some(name)
}

/// Where an index of a repository says that its advisories are.
fn updateinfo(index: &str) -> Option<&str> {
    let (_, data) = index.split_once("type=\"updateinfo\"")?;
    let (data, _) = data.split_once("</data>")?;
    let (_, href) = data.split_once("href=\"")?;
    let (href, _) = href.split_once('"')?;
    let stays = !href.starts_with('/') && !href.contains("://") && !href.contains("..");
    stays.then_some(href)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lists_its_directories_and_nothing_else() {
        let page = r#"<a href="../">../</a><a href="edge/">edge/</a> <a href="v3.18/">v3.18/</a>
            <a href="license.txt">x</a><a href="https://x.org/">x</a><a href="./v3.9/">x</a>"#;
        assert_eq!(directories(page), ["edge", "v3.18", "v3.9"]);
    }

    #[test]
    fn an_index_of_a_repository_names_its_advisories() {
        let index = r#"<repomd><data type="primary"><location href="repodata/p.xml.gz"/></data>
            <data type="updateinfo"><checksum type="sha256">1</checksum><location href="repodata/1-updateinfo.xml.gz"/></data></repomd>"#;
        assert_eq!(updateinfo(index), Some("repodata/1-updateinfo.xml.gz"));
        assert_eq!(updateinfo(&index.replace("repodata/1", "../../1")), None);
        assert_eq!(updateinfo("<repomd/>"), None);
    }
}
