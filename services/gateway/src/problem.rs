//! Errors as clients see them: problem details of RFC 9457.
//!
//! What the client is told and what went wrong inside are different fields; the second only ever
//! goes to the log, once, when the answer is written.

use std::borrow::Cow;
use std::error::Error;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use scanyard_queue::QueueError;
use scanyard_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem_code::Code;

/// Seconds after which to try again, where nothing better is known.
const RETRY_SECONDS: u32 = 1;

/// Why a request was not answered.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// How a problem is written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The code as a URI.
    #[schema(example = "urn:scanyard:problem:scan_not_found")]
    r#type: String,
    /// What the code means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable word for machines.
    #[schema(example = "scan_not_found")]
    code: &'static str,
    /// What happened this time.
    detail: Cow<'static, str>,
    /// What to do about it.
    remedy: &'static str,
    /// Whether the same request can succeed later.
    retryable: bool,
}

impl Problem {
    /// A problem of this code; `detail` says what happened, for the client.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            cause: None,
        }
    }

    /// A mistake of ours. The cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "The request could not be answered.").caused_by(cause)
    }

    /// Keeps the inner cause, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What happened, for the client.
    pub fn into_detail(self) -> String {
        self.detail.into_owned()
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Tells the log what went wrong inside, where it is not the client's mistake.
    pub fn log(&self) {
        let code = self.code.name();
        match &self.cause {
            Some(cause) if self.code.status().is_server_error() => {
                tracing::error!(code, error = %chain(cause.as_ref()), "request failed");
            }
            Some(cause) => {
                tracing::debug!(code, error = %chain(cause.as_ref()), "request refused");
            }
            None => tracing::debug!(code, detail = %self.detail, "request refused"),
        }
    }
}

/// An error and what caused it, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Superseded { .. } => Problem::new(
                Code::StoreUnavailable,
                "The store did not answer this request.",
            )
            .caused_by(error),
            StoreError::InvalidCursor => Problem::new(
                Code::InvalidCursor,
                "The cursor is none that this list gave out.",
            ),
            StoreError::Corrupt(_) | StoreError::Refused(_) => Problem::internal(error),
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Unavailable(_) => Problem::new(
                Code::QueueUnavailable,
                "The queue did not answer this request.",
            )
            .caused_by(error),
            QueueError::Expired | QueueError::Corrupt(_) => Problem::internal(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let status = self.code.status();
        let body = ProblemBody {
            r#type: format!("urn:scanyard:problem:{}", self.code.name()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.name(),
            detail: self.detail,
            remedy: self.code.remedy(),
            retryable: self.code.is_retryable(),
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.code.is_retryable() {
            headers.insert(RETRY_AFTER, RETRY_SECONDS.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"scanyard\""),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_never_shown_to_the_client() {
        let error = StoreError::Unavailable("password=hunter2".into());
        let problem = Problem::from(error);
        assert!(!problem.detail.contains("hunter2"));
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn the_log_names_every_cause() {
        let error = StoreError::Unavailable("disk is full".into());
        assert_eq!(chain(&error), "the store is unavailable: disk is full");
    }
}
