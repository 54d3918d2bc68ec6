//! A bug in one handler is an answer to one client.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Answers for a handler that panicked.
pub fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Problem::internal(format!("a handler panicked: {text}")).into_response()
}
