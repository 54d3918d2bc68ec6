//! Reads requests into types, so that whatever is wrong with one comes out as a [`Problem`].

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use scanyard_hooks::Kind;
use scanyard_package::Digest;
use scanyard_store::{BulkId, ChangeId, HookId, KeyId, RegistryId, ScanId, SubscriptionId};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::routes::find_kind;
use crate::state::Gateway;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Gateway> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, Problem> {
        let limit = gateway.settings().max_body_bytes;
        check_media_type(request.headers())?;
        check_length(request.headers(), limit)?;
        let bytes: Bytes = request
            .extract()
            .await
            .map_err(|rejection| refuse_bytes(&rejection, limit))?;
        serde_json::from_slice(&bytes)
            .map(Body)
            .map_err(|error| Problem::new(Code::InvalidBody, format!("The body: {error}.")))
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.map(|value| value.split(';').next().unwrap_or_default().trim());
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(_) => Err(Problem::new(
            Code::UnsupportedMediaType,
            "The Content-Type is not application/json.",
        )),
        None => Err(Problem::new(
            Code::UnsupportedMediaType,
            "There is no Content-Type.",
        )),
    }
}

/// Refuses by the length that the client announces, before a byte of the body is read.
pub fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!("The body is larger than {limit} bytes."),
    )
}

pub fn refuse_bytes(rejection: &BytesRejection, limit: usize) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large(limit);
    }
    Problem::new(Code::InvalidBody, "The body ended early.")
}

/// The query's parameters.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, gateway).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::new(Code::InvalidQuery, rejection.body_text()))
    }
}

/// A type of which one value stands in a path.
pub trait PathValue: Sized {
    /// Reads the value.
    fn parse(text: &str) -> Result<Self, Problem>;
}

/// The one value in the path.
pub struct InPath<T>(pub T);

impl<T: PathValue> FromRequestParts<Gateway> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, gateway)
            .await
            .map_err(|rejection| Problem::new(Code::InvalidId, rejection.body_text()))?;
        T::parse(&text).map(InPath)
    }
}

/// A hook in a path: its kind and its id.
pub struct HookPath {
    /// The kind of sender.
    pub kind: Kind,
    /// The hook.
    pub id: HookId,
}

impl FromRequestParts<Gateway> for HookPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        let Path((kind, id)) = Path::<(String, String)>::from_request_parts(parts, gateway)
            .await
            .map_err(|rejection| Problem::new(Code::InvalidId, rejection.body_text()))?;
        Ok(Self {
            kind: find_kind(&kind)?,
            id: parse_uuid(&id).map(HookId)?,
        })
    }
}

impl PathValue for ScanId {
    fn parse(text: &str) -> Result<Self, Problem> {
        parse_uuid(text).map(ScanId)
    }
}

impl PathValue for BulkId {
    fn parse(text: &str) -> Result<Self, Problem> {
        parse_uuid(text).map(BulkId)
    }
}

impl PathValue for KeyId {
    fn parse(text: &str) -> Result<Self, Problem> {
        parse_uuid(text).map(KeyId)
    }
}

impl PathValue for SubscriptionId {
    fn parse(text: &str) -> Result<Self, Problem> {
        parse_uuid(text).map(SubscriptionId)
    }
}

impl PathValue for RegistryId {
    fn parse(text: &str) -> Result<Self, Problem> {
        parse_uuid(text).map(RegistryId)
    }
}

impl PathValue for ChangeId {
    fn parse(text: &str) -> Result<Self, Problem> {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(ChangeId).ok_or_else(|| {
            Problem::new(Code::InvalidId, "The id in the path is no event's number.")
        })
    }
}

fn parse_uuid(text: &str) -> Result<uuid::Uuid, Problem> {
    text.parse()
        .map_err(|_| Problem::new(Code::InvalidId, "The id in the path is not a UUID."))
}

impl PathValue for Digest {
    fn parse(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|error| {
            Problem::new(
                Code::InvalidDigest,
                format!("The digest in the path: {error}."),
            )
        })
    }
}

/// An id of which we only know that it is short and plain: a vulnerability's or a dead letter's.
pub struct PlainId(pub String);

impl PathValue for PlainId {
    fn parse(text: &str) -> Result<Self, Problem> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if text.is_empty() || text.len() > 128 || !text.chars().all(plain) {
            return Err(Problem::new(
                Code::InvalidId,
                "An id is up to 128 letters, digits, and - _ . :",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}
