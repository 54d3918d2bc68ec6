//! Entity tags: what a client already has is not sent again.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Answers with the body, or with 304 when `If-None-Match` names it.
pub fn answer(
    request: &HeaderMap,
    media_type: &'static str,
    body: impl Into<axum::body::Bytes>,
) -> Response {
    let body = body.into();
    // Weak: compression may change the bytes on the way.
    let hash = digest(&SHA256, &body);
    let tag = format!("W/\"{}\"", hex::encode(&hash.as_ref()[..16]));
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|candidate| matches(candidate.trim(), &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.into_response()
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Weak comparison, as RFC 9110 asks for here.
fn matches(candidate: &str, tag: &str) -> bool {
    let opaque = |text: &str| text.strip_prefix("W/").unwrap_or(text).to_owned();
    candidate == "*" || opaque(candidate) == opaque(tag)
}
