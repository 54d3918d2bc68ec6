//! Errors as Harbor reads them.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media_type::ERROR;
use crate::problem::Problem;

/// Why Harbor does not get what it asked for.
#[derive(Debug)]
pub struct HarborError {
    status: StatusCode,
    message: String,
}

impl HarborError {
    /// An error of this status; the message is for people.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<Problem> for HarborError {
    /// The problem's cause is logged; a status that Harbor would misunderstand becomes another.
    fn from(problem: Problem) -> Self {
        problem.log();
        let status = match problem.code().status() {
            // Harbor takes it for an unknown scan, and submits again.
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => StatusCode::INTERNAL_SERVER_ERROR,
            status => status,
        };
        Self::new(status, problem.into_detail())
    }
}

impl IntoResponse for HarborError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "message": self.message } }).to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(ERROR));
        response
    }
}
