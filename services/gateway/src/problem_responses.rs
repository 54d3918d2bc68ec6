//! The problems of an operation, as the OpenAPI document tells them.

use std::collections::BTreeMap;
use std::fmt::Write;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::problem_code::Code;

/// What every route behind a key can answer.
const BEHIND_A_KEY: [Code; 5] = [
    Code::Unauthorized,
    Code::Internal,
    Code::Overloaded,
    Code::Timeout,
    Code::StoreUnavailable,
];

/// Declares a type that documents these codes, and those of every route behind a key.
macro_rules! problems {
    ($name:ident: $($code:ident),*) => {
        /// The operation's problems.
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::problem_responses::behind_a_key(&[
                    $($crate::problem_code::Code::$code),*
                ])
            }
        }
    };
}
pub(crate) use problems;

/// Responses for these codes and those that need no mention.
pub fn behind_a_key(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<String, String> = BTreeMap::new();
    for code in codes.iter().chain(&BEHIND_A_KEY) {
        let text = by_status
            .entry(code.status().as_str().to_owned())
            .or_default();
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}`{}`: {}.", code.name(), code.title());
    }
    by_status
        .into_iter()
        .map(|(status, text)| (status, RefOr::T(response(text))))
        .collect()
}

fn response(description: String) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}
