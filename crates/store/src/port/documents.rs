//! Documents that clients submitted: bills of materials.

use std::fmt;

use async_trait::async_trait;
use scanyard_package::Digest;

use crate::error::Result;

/// Submitted documents, by the digest of their bytes.
#[async_trait]
pub trait Documents: Send + Sync + 'static {
    /// Keeps a document; one that is kept already counts as submitted now.
    async fn save_document(&self, content: &[u8]) -> Result<Digest>;

    /// A document's bytes; `None` when it is not kept.
    async fn document(&self, digest: Digest) -> Result<Option<Vec<u8>>>;
}

/// A submitted bill of materials as scans refer to it: `sbom:NAME[:TAG]@DIGEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedSbom {
    /// What it describes, as its submitter calls it.
    pub name: String,
    /// Which version of that.
    pub tag: Option<String>,
    /// The document.
    pub digest: Digest,
}

/// The label in which the image that stands for an attached bill has the digest of what it is of.
pub const SUBJECT_LABEL: &str = "scanyard.sbom.subject";

/// Longest name, and longest tag.
const MAX_PART: usize = 255;

impl SubmittedSbom {
    /// How references to bills begin.
    const PREFIX: &str = "sbom:";

    /// A bill under a name of its submitter's; `None` where name or tag is empty, too long, or has
    /// other characters than letters, digits and `. _ - /` (in names also the `:` of a port).
    pub fn new(name: &str, tag: Option<&str>, digest: Digest) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let fits = |part: &str| (1..=MAX_PART).contains(&part.len());
        let is_name = fits(name) && name.chars().all(|c| plain(c) || "/:".contains(c));
        let is_tag = |tag: &str| fits(tag) && tag.chars().all(plain);
        // What follows the last colon of a name would read as its tag.
        let is_ambiguous = |name: &str| match name.rsplit_once(':') {
            Some((_, last)) => !last.contains('/'),
            None => false,
        };
        let is_valid = is_name && !is_ambiguous(name) && tag.is_none_or(is_tag);
        is_valid.then(|| Self {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }

    /// Reads a scan's reference; `None` where it refers to something else.
    pub fn of_reference(reference: &str) -> Option<Self> {
        let (named, digest) = reference.strip_prefix(Self::PREFIX)?.rsplit_once('@')?;
        let (name, tag) = match named.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (named, None),
        };
        Self::new(name, tag, digest.parse().ok()?)
    }
}

impl fmt::Display for SubmittedSbom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        write!(f, "@{}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_bills_read_back_as_written() {
        let digest = Digest::from_bytes([7; 32]);
        for (name, tag) in [
            ("app", None),
            ("team/app", Some("1.4")),
            ("registry:5000/app", Some("v1")),
            ("registry:5000/app", None),
        ] {
            let bill = SubmittedSbom::new(name, tag, digest).unwrap();
            assert_eq!(SubmittedSbom::of_reference(&bill.to_string()), Some(bill));
        }
    }

    #[test]
    fn names_that_would_read_as_something_else_are_refused() {
        let digest = Digest::from_bytes([7; 32]);
        for (name, tag) in [
            ("", None),
            ("a:b", None),
            ("a@b", None),
            ("a", Some("x:y")),
            ("a b", None),
        ] {
            assert_eq!(
                SubmittedSbom::new(name, tag, digest),
                None,
                "{name} {tag:?}"
            );
        }
        for other in ["sbom:/tmp/bill.json", "alpine:3.18", "sbom:a@sha256:1"] {
            assert_eq!(SubmittedSbom::of_reference(other), None, "{other}");
        }
    }
}
