//! W3C trace context: continues the caller's trace, or begins one.

use axum::http::HeaderMap;
use tracing::Span;
use uuid::Uuid;

/// The trace that a request belongs to, and the request's own place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: String,
}

impl TraceContext {
    /// Continues the trace of these headers; begins one where they hold none that is valid.
    pub fn continue_from(headers: &HeaderMap) -> Self {
        let parent = headers
            .get("traceparent")
            .and_then(|value| parse(value.to_str().ok()?));
        let span = &Uuid::new_v4().simple().to_string()[..16];
        let traceparent = match parent {
            Some((trace, flags)) => format!("00-{trace}-{span}-{flags}"),
            None => format!("00-{}-{span}-00", Uuid::new_v4().simple()),
        };
        Self { traceparent }
    }

    /// What a span says of itself, which is exported and thus the truth; `None` while none are.
    pub fn of_span(span: &Span) -> Option<Self> {
        scanyard_telemetry::traceparent_of(span).map(|traceparent| Self { traceparent })
    }

    /// The trace's id.
    pub fn trace_id(&self) -> &str {
        &self.traceparent[3..35]
    }

    /// What is handed on to those who work for this request.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }
}

/// Trace id and flags of a `traceparent`.
fn parse(value: &str) -> Option<(&str, &str)> {
    let mut parts = value.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == length && text.bytes().all(digit)
    };
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    // Later versions may append parts; those of version 00 are four.
    let whole = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    let valid = whole && hex(trace, 32) && !zero(trace) && hex(span, 16) && !zero(span);
    (valid && hex(flags, 2)).then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &'static str) -> TraceContext {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().unwrap());
        TraceContext::continue_from(&headers)
    }

    #[test]
    fn the_callers_trace_goes_on_under_a_new_span() {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = of(given);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.traceparent().ends_with("-01"));
        assert_ne!(context.traceparent(), given);
    }

    #[test]
    fn what_is_not_valid_begins_a_new_trace() {
        for value in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            let context = of(value);
            assert_ne!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_eq!(context.traceparent().len(), 55, "{value}");
        }
    }
}
