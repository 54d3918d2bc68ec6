//! Links back to the installation.

use scanyard_store::{ChangeKind, ChangeNotice};
use url::Url;

/// Where this installation is reached, if that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// Its public address.
    pub public_url: Option<Url>,
}

impl Links {
    /// Who sends, as CloudEvents names it.
    pub(crate) fn source(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => "urn:scanyard".to_owned(),
        }
    }

    /// Where the images of a notice are: a path where the address is not known.
    pub(crate) fn images_of(&self, notice: &ChangeNotice) -> String {
        // A host is needed to build on, and taken away again.
        let base = self.public_url.clone();
        let Some(mut url) = base.or_else(|| Url::parse("http://localhost/").ok()) else {
            return String::new();
        };
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1");
            match notice.kind {
                ChangeKind::New | ChangeKind::Changed => {
                    path.extend(["vulnerabilities", &notice.vulnerability, "images"]);
                }
                ChangeKind::Fixed => {
                    path.push("events");
                }
            }
        }
        if notice.kind == ChangeKind::Fixed {
            url.query_pairs_mut()
                .append_pair("vulnerability", &notice.vulnerability)
                .append_pair("kind", "finding.fixed");
        }
        match (&self.public_url, url.query()) {
            (Some(_), _) => url.into(),
            (None, Some(query)) => format!("{}?{query}", url.path()),
            (None, None) => url.path().to_owned(),
        }
    }
}
