//! What a registry has: repositories and their tags, page by page.

use http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::RegistryOptions;
use super::place::Place;
use super::request::Client;
use crate::{OciError, Reference, RegistryHost};

/// Repositories of a page. Each of them is then asked for its tags, so that larger pages gain
/// nothing; registries refuse more than they allow.
const REPOSITORIES: u32 = 100;
const TAGS: u32 = 1000;
/// Registries that know no pages send everything at once.
const MAX_BYTES: u64 = 32 << 20;
/// Longest cursor: it is kept by whoever lists.
const MAX_CURSOR: usize = 4096;

/// Names, and where those after them begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePage {
    /// The names, as the registry wrote them.
    pub names: Vec<String>,
    /// The next page's cursor; `None` on the last page.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct CatalogDocument {
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TagsDocument {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// One page of a registry's repositories, from the cursor of the page before.
///
/// # Errors
///
/// [`OciError::NoCatalog`] where the registry does not tell, and as for pulls.
pub async fn list_repositories(
    registry: &RegistryHost,
    cursor: Option<&str>,
    options: &RegistryOptions,
) -> Result<NamePage, OciError> {
    let client = Client::new(Place::Catalog(registry.clone()), options.clone())?;
    let (document, next): (CatalogDocument, _) =
        read_page(&client, "_catalog", REPOSITORIES, cursor).await?;
    let names = document.repositories.unwrap_or_default();
    Ok(NamePage { names, next })
}

/// One page of the tags of a reference's repository.
///
/// # Errors
///
/// As for pulls.
pub async fn list_tags(
    repository: &Reference,
    cursor: Option<&str>,
    options: &RegistryOptions,
) -> Result<NamePage, OciError> {
    let client = Client::new(Place::Repository(repository.clone()), options.clone())?;
    let (document, next): (TagsDocument, _) = read_page(&client, "tags/list", TAGS, cursor).await?;
    let names = document.tags.unwrap_or_default();
    Ok(NamePage { names, next })
}

async fn read_page<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    count: u32,
    cursor: Option<&str>,
) -> Result<(T, Option<String>), OciError> {
    let asked = match cursor {
        Some(query) => format!("{path}?{query}"),
        None => format!("{path}?n={count}"),
    };
    let (headers, bytes) = client.get_small_with_headers(&asked, MAX_BYTES).await?;
    let unexpected = |detail: String| OciError::Unexpected {
        registry: client.registry().to_owned(),
        detail,
    };
    let document = serde_json::from_slice(&bytes)
        .map_err(|error| unexpected(format!("its {path} is not a list: {error}")))?;
    let next = next_query(&headers).map_err(unexpected)?;
    if next.is_some() && next.as_deref() == cursor {
        return Err(unexpected(format!(
            "the next page of its {path} is the same one"
        )));
    }
    Ok((document, next))
}

/// The query of the next page's address. Host and path are ours to choose, whatever is linked to.
fn next_query(headers: &HeaderMap) -> Result<Option<String>, String> {
    let links = headers.get_all(header::LINK).into_iter();
    let mut links = links.filter_map(|link| link.to_str().ok());
    let Some(link) = links.find(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))
    else {
        return Ok(None);
    };
    let address = link
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    let query = address.and_then(|(address, _)| address.split_once('?'));
    match query {
        Some((_, query))
            if query.len() <= MAX_CURSOR && query.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(query.to_owned()))
        }
        _ => Err("its link to the next page has no usable query".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(link: &str) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LINK, link.parse().unwrap());
        next_query(&headers)
    }

    #[test]
    fn the_next_page_is_the_query_of_its_link() {
        let expected = Ok(Some("last=b&n=2".to_owned()));
        assert_eq!(next("</v2/_catalog?last=b&n=2>; rel=\"next\""), expected);
        assert_eq!(next("<https://evil.test/x?last=b&n=2>; rel=next"), expected);
        assert_eq!(next("</v2/_catalog?last=b>; rel=\"prev\""), Ok(None));
        assert_eq!(next_query(&HeaderMap::new()), Ok(None));
        assert!(next("</v2/_catalog>; rel=\"next\"").is_err());
        assert!(next("nonsense rel=\"next\"").is_err());
    }
}
