//! The trace that a piece of work belongs to, as it travels: W3C `traceparent`.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// Makes a span that has just been made part of the trace that the caller names. What is no
/// `traceparent` begins a trace of its own. Without export nothing happens.
pub fn continue_trace(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    // Refused for a span that nobody exports, or that others know already; both stay as they are.
    let _ = span.set_parent(parent);
}

/// The span's own `traceparent`, for those who go on from it; `None` while nobody exports spans.
pub fn traceparent_of(span: &Span) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_export(test: impl FnOnce()) {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), test);
    }

    #[test]
    fn a_span_goes_on_with_the_trace_that_it_is_given() {
        with_export(|| {
            let span = tracing::info_span!("job");
            continue_trace(&span, GIVEN);
            let own = traceparent_of(&span).unwrap();
            assert_eq!(own[..35], GIVEN[..35]);
            assert_ne!(
                own[36..52],
                GIVEN[36..52],
                "its place in the trace is its own"
            );
        });
    }

    #[test]
    fn what_is_no_traceparent_begins_a_trace() {
        with_export(|| {
            let span = tracing::info_span!("job");
            continue_trace(&span, "00-zz");
            assert!(traceparent_of(&span).is_some());
        });
    }

    #[test]
    fn without_export_spans_have_no_traceparent() {
        let span = tracing::info_span!("job");
        continue_trace(&span, GIVEN);
        assert_eq!(traceparent_of(&span), None);
    }
}
