//! Finds what documents say of a finding, whatever their number of statements.

use std::collections::HashMap;

use scanyard_package::Digest;
use scanyard_report::{Statement, StatementSource};

use super::{Product, ProductId, VexDocument, VexStatement};
use crate::purl::PurlPattern;

/// Statements of documents, by vulnerability and product.
#[derive(Debug, Default)]
pub struct VexIndex {
    documents: Vec<(String, Option<String>)>,
    statements: Vec<Indexed>,
    /// By vulnerability, in capitals, and the key of a package: statements and their purl.
    packages: HashMap<(String, String), Vec<(usize, PurlPattern)>>,
    /// By vulnerability, in capitals: statements about images.
    images: HashMap<String, Vec<(usize, Product)>>,
}

#[derive(Debug)]
struct Indexed {
    document: usize,
    said: Said,
}

#[derive(Debug)]
struct Said {
    status: scanyard_report::StatementStatus,
    justification: Option<String>,
    detail: Option<String>,
    timestamp: String,
}

/// The image that findings are of.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageNames {
    /// Digest of its manifest.
    pub(crate) digest: Option<Digest>,
    /// Repositories that hold it.
    pub(crate) repositories: Vec<String>,
    /// Tags that name it.
    pub(crate) tags: Vec<String>,
}

impl VexIndex {
    /// Of these documents.
    pub fn new(documents: impl IntoIterator<Item = VexDocument>) -> Self {
        let mut index = Self::default();
        for document in documents {
            let number = index.documents.len();
            index.documents.push((document.id, document.author));
            for statement in document.statements {
                index.add(number, statement);
            }
        }
        index
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    fn add(&mut self, document: usize, statement: VexStatement) {
        let place = self.statements.len();
        for id in &statement.vulnerabilities {
            let id = id.to_ascii_uppercase();
            for product in &statement.products {
                let mut names_image = !product.parts.is_empty();
                for name in &product.ids {
                    match name {
                        ProductId::Purl(purl)
                            if !purl.is_of_image() && product.parts.is_empty() =>
                        {
                            let key = (id.clone(), purl.key().to_owned());
                            self.packages
                                .entry(key)
                                .or_default()
                                .push((place, purl.clone()));
                        }
                        ProductId::Purl(_) | ProductId::Digest(_) => names_image = true,
                    }
                }
                if names_image {
                    self.images
                        .entry(id.clone())
                        .or_default()
                        .push((place, product.clone()));
                }
            }
        }
        self.statements.push(Indexed {
            document,
            said: Said {
                status: statement.status,
                justification: statement.justification,
                detail: statement.detail,
                timestamp: statement.timestamp,
            },
        });
    }

    /// What was said last of a flaw in a package of an image.
    pub(crate) fn find<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
        package: &PurlPattern,
        image: &ImageNames,
    ) -> Option<Statement> {
        let mut found: Option<usize> = None;
        let mut consider = |place: usize| {
            let later = |known: usize| self.order(place) > self.order(known);
            if found.is_none_or(later) {
                found = Some(place);
            }
        };
        for id in ids {
            let id = id.to_ascii_uppercase();
            for (place, product) in self.images.get(&id).into_iter().flatten() {
                let means = product.parts.is_empty()
                    || product.parts.iter().any(|part| part.covers(package));
                if means && product.ids.iter().any(|name| image.is_named(name)) {
                    consider(*place);
                }
            }
            let key = (id, package.key().to_owned());
            for (place, purl) in self.packages.get(&key).into_iter().flatten() {
                if purl.covers(package) {
                    consider(*place);
                }
            }
        }
        found.and_then(|place| self.statement(place))
    }

    /// Statements that are looked at for a package, those about images left out.
    #[cfg(test)]
    pub(crate) fn considered(&self, id: &str, package: &PurlPattern) -> usize {
        let key = (id.to_owned(), package.key().to_owned());
        self.packages.get(&key).map_or(0, Vec::len)
    }

    /// The last counts; of those of the same time, what stands last.
    fn order(&self, place: usize) -> (Option<chrono::DateTime<chrono::FixedOffset>>, usize) {
        let said = self.statements.get(place).map(|indexed| &indexed.said);
        let time = said.and_then(|said| chrono::DateTime::parse_from_rfc3339(&said.timestamp).ok());
        (time, place)
    }

    fn statement(&self, place: usize) -> Option<Statement> {
        let indexed = self.statements.get(place)?;
        let (document, author) = self.documents.get(indexed.document)?;
        Some(Statement {
            source: StatementSource::Vex,
            status: indexed.said.status,
            justification: indexed.said.justification.clone(),
            detail: indexed.said.detail.clone(),
            author: author.clone(),
            document: document.clone(),
            expires: None,
        })
    }
}

impl ImageNames {
    /// Whether a product is this image. A purl's version is the manifest's digest; without one every
    /// image of the name is meant, in the repository and with the tag that it names.
    fn is_named(&self, name: &ProductId) -> bool {
        let purl = match name {
            ProductId::Digest(digest) => return self.digest == Some(*digest),
            ProductId::Purl(purl) if purl.is_of_image() => purl,
            ProductId::Purl(_) => return false,
        };
        if let Some(version) = purl.version() {
            let is_digest = version
                .parse::<Digest>()
                .is_ok_and(|digest| self.digest == Some(digest));
            let is_tag =
                purl.key().starts_with("docker/") && self.tags.iter().any(|tag| tag == version);
            if !is_digest && !is_tag {
                return false;
            }
        }
        let has_tag = purl
            .qualifier("tag")
            .is_none_or(|tag| self.tags.iter().any(|known| known == tag));
        has_tag
            && self
                .repositories
                .iter()
                .any(|repository| in_repository(purl, repository))
    }
}

fn in_repository(purl: &PurlPattern, repository: &str) -> bool {
    if let Some(wanted) = purl.qualifier("repository_url") {
        let wanted = wanted.trim_start_matches("https://").trim_end_matches('/');
        return wanted == repository || format!("{wanted}/{}", purl.name()) == repository;
    }
    repository.rsplit('/').next() == Some(purl.name())
}
