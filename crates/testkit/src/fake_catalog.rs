//! What a fake registry lists: its repositories and their tags, in pages.

use std::collections::BTreeSet;

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Answers a request for a list out of the paths of all that is stored; `None` for other requests.
pub fn list<'a>(
    path: &str,
    query: &str,
    stored: impl Iterator<Item = &'a String>,
) -> Option<Response> {
    let manifests = stored.filter_map(|path| path.strip_prefix("/v2/")?.split_once("/manifests/"));
    if path == "/v2/_catalog" {
        let names = manifests.map(|(repository, _)| repository);
        return Some(page(path, query, "repositories", names.collect()));
    }
    let repository = path.strip_prefix("/v2/")?.strip_suffix("/tags/list")?;
    let of_repository = manifests.filter(|(name, _)| *name == repository);
    let tags: BTreeSet<_> = of_repository
        .map(|(_, tag)| tag)
        .filter(|tag| !tag.starts_with("sha256:"))
        .collect();
    (!tags.is_empty()).then(|| page(path, query, "tags", tags))
}

/// At most `n` names after `last`, with a link to those after them.
fn page(path: &str, query: &str, field: &str, names: BTreeSet<&str>) -> Response {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let count: usize = value("n").map_or(usize::MAX, |n| n.parse().unwrap());
    let last = value("last").unwrap_or_default();
    let mut rest: Vec<_> = names.into_iter().filter(|name| *name > last).collect();
    let more = rest.len() > count;
    rest.truncate(count);
    let document = axum::Json(serde_json::json!({ field: rest }));
    match rest.last().filter(|_| more) {
        Some(last) => {
            let link = format!("<{path}?last={last}&n={count}>; rel=\"next\"");
            ([(header::LINK, link)], document).into_response()
        }
        None => document.into_response(),
    }
}
