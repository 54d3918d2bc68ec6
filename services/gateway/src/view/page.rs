//! Pages of lists.

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use scanyard_store::{Page, PageRequest};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::problem_code::Code;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;
const MAX_CURSOR: usize = 512;

/// The parameters that every list takes.
#[derive(Debug, Default)]
pub struct PageParameters {
    /// Items at most.
    pub limit: Option<u32>,
    /// Where to go on.
    pub cursor: Option<String>,
}

impl PageParameters {
    /// The page that they ask for.
    pub fn request(self) -> Result<PageRequest, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::new(
                Code::InvalidQuery,
                format!("limit is {limit}; it must be 1 to {MAX_LIMIT}."),
            ));
        }
        if self.cursor.as_ref().is_some_and(|c| c.len() > MAX_CURSOR) {
            return Err(Problem::new(Code::InvalidCursor, "The cursor is too long."));
        }
        Ok(PageRequest {
            cursor: self.cursor,
            limit,
        })
    }
}

/// Items, and the cursor of those after them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// The items in order.
    pub items: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T: Serialize> Listing<T> {
    /// A page in its JSON form.
    pub fn new<S>(page: Page<S>, view: impl Fn(S) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next_cursor: page.next,
        }
    }

    /// The answer, with a `Link` to the next page.
    pub fn answer(self, uri: &Uri) -> Response {
        let link = self
            .next_cursor
            .as_deref()
            .and_then(|cursor| link_next(uri, cursor));
        let mut response = Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

/// `Link` to the same list from `cursor` on.
pub fn link_next(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("cursor", cursor)
        .finish();
    HeaderValue::try_from(format!("<{}?{query}>; rel=\"next\"", uri.path())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_keeps_filters_and_replaces_the_cursor() {
        let uri: Uri = "/v1/scans?state=done&cursor=old&limit=2".parse().unwrap();
        assert_eq!(
            link_next(&uri, "a b").unwrap(),
            "</v1/scans?state=done&limit=2&cursor=a+b>; rel=\"next\""
        );
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        for limit in [0, 501] {
            let parameters = PageParameters {
                limit: Some(limit),
                cursor: None,
            };
            assert_eq!(parameters.request().unwrap_err().code(), Code::InvalidQuery);
        }
    }
}
