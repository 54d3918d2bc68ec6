//! Every reason for refusing or failing a request, in one list.

use axum::http::StatusCode;

/// A stable word for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The table below says what each is.
pub enum Code {
    InvalidBody,
    InvalidQuery,
    InvalidCursor,
    InvalidId,
    InvalidDigest,
    InvalidHeader,
    InvalidName,
    Unauthorized,
    LocalSourceRefused,
    RegistryNotAllowed,
    RouteNotFound,
    ScanNotFound,
    BulkNotFound,
    RescanNotFound,
    ImageNotFound,
    RepositoryNotFound,
    VulnerabilityNotFound,
    EventNotFound,
    SubscriptionNotFound,
    DeliveryNotFound,
    DeadLetterNotFound,
    KeyNotFound,
    HookNotFound,
    RegistryNotFound,
    MethodNotAllowed,
    NotAcceptable,
    NotReady,
    BulkStateConflict,
    SubscriptionLimit,
    HookLimit,
    RegistryConflict,
    RescanStateConflict,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidReference,
    InvalidPlatform,
    InvalidReceiver,
    InvalidSecret,
    IdempotencyKeyReused,
    Internal,
    Overloaded,
    Timeout,
    SealingNotConfigured,
    StoreUnavailable,
    QueueUnavailable,
}

/// What is fixed for a code.
struct Facts {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    remedy: &'static str,
    retryable: bool,
}

const fn final_answer(
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    remedy: &'static str,
) -> Facts {
    Facts {
        status,
        name,
        title,
        remedy,
        retryable: false,
    }
}

const fn retryable(
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    remedy: &'static str,
) -> Facts {
    Facts {
        status,
        name,
        title,
        remedy,
        retryable: true,
    }
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 45] = [
        Code::InvalidBody,
        Code::InvalidQuery,
        Code::InvalidCursor,
        Code::InvalidId,
        Code::InvalidDigest,
        Code::InvalidHeader,
        Code::InvalidName,
        Code::Unauthorized,
        Code::LocalSourceRefused,
        Code::RegistryNotAllowed,
        Code::RouteNotFound,
        Code::ScanNotFound,
        Code::BulkNotFound,
        Code::RescanNotFound,
        Code::ImageNotFound,
        Code::RepositoryNotFound,
        Code::VulnerabilityNotFound,
        Code::EventNotFound,
        Code::SubscriptionNotFound,
        Code::DeliveryNotFound,
        Code::DeadLetterNotFound,
        Code::KeyNotFound,
        Code::HookNotFound,
        Code::RegistryNotFound,
        Code::MethodNotAllowed,
        Code::NotAcceptable,
        Code::NotReady,
        Code::BulkStateConflict,
        Code::SubscriptionLimit,
        Code::HookLimit,
        Code::RegistryConflict,
        Code::RescanStateConflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidReference,
        Code::InvalidPlatform,
        Code::InvalidReceiver,
        Code::InvalidSecret,
        Code::IdempotencyKeyReused,
        Code::Internal,
        Code::Overloaded,
        Code::Timeout,
        Code::SealingNotConfigured,
        Code::StoreUnavailable,
        Code::QueueUnavailable,
    ];

    #[rustfmt::skip] // A table: one line for what it is, one for what to do.
    const fn facts(self) -> Facts {
        use StatusCode as S;
        match self {
            Code::InvalidBody => final_answer(S::BAD_REQUEST, "invalid_body", "The body is not what this route takes",
                "Correct the body; /docs shows its schema."),
            Code::InvalidQuery => final_answer(S::BAD_REQUEST, "invalid_query", "The query is not what this route takes",
                "Correct the query; /docs lists its parameters."),
            Code::InvalidCursor => final_answer(S::BAD_REQUEST, "invalid_cursor", "The cursor is not valid",
                "Use next_cursor of the page before as it is, or leave cursor out to start again."),
            Code::InvalidId => final_answer(S::BAD_REQUEST, "invalid_id", "The id is not valid",
                "Use an id as this API returned it."),
            Code::InvalidDigest => final_answer(S::BAD_REQUEST, "invalid_digest", "The digest is not valid",
                "Write sha256: and 64 lower-case hexadecimal digits."),
            Code::InvalidHeader => final_answer(S::BAD_REQUEST, "invalid_header", "A header is not valid",
                "Correct the header; /docs says what it holds."),
            Code::InvalidName => final_answer(S::UNPROCESSABLE_ENTITY, "invalid_name", "The name is not valid",
                "Use 1 to 100 characters without control characters."),
            Code::Unauthorized => final_answer(S::UNAUTHORIZED, "unauthorized", "A valid API key is needed",
                "Send the header Authorization: Bearer and an API key that is not revoked."),
            Code::LocalSourceRefused => final_answer(S::FORBIDDEN, "local_source_refused", "Sources on the server's disk are refused",
                "Push the image to a registry and submit its reference, or scan the file with `scanyard scan`."),
            Code::RegistryNotAllowed => final_answer(S::FORBIDDEN, "registry_not_allowed", "The registry may not be asked",
                "Add it with POST /v1/registries or `scanyard registry add`, or have the service started with --allow-registry; private addresses need --allow-private-registries."),
            Code::RouteNotFound => final_answer(S::NOT_FOUND, "route_not_found", "There is nothing here",
                "See /docs for every route."),
            Code::ScanNotFound => final_answer(S::NOT_FOUND, "scan_not_found", "There is no such scan",
                "List your scans with GET /v1/scans."),
            Code::BulkNotFound => final_answer(S::NOT_FOUND, "bulk_not_found", "There is no such bulk",
                "List your bulks with GET /v1/bulk."),
            Code::RescanNotFound => final_answer(S::NOT_FOUND, "rescan_not_found", "There is no such rescan",
                "List rescans with GET /v1/rescans; there are none before the first advisories."),
            Code::ImageNotFound => final_answer(S::NOT_FOUND, "image_not_found", "There is no such image",
                "Submit it with POST /v1/scans; GET /v1/images lists those that are known."),
            Code::RepositoryNotFound => final_answer(S::NOT_FOUND, "repository_not_found", "There is no such repository",
                "List your repositories with GET /v1/repositories."),
            Code::VulnerabilityNotFound => final_answer(S::NOT_FOUND, "vulnerability_not_found", "No image has this vulnerability",
                "Check the id. Only vulnerabilities that one of your images has are known here."),
            Code::EventNotFound => final_answer(S::NOT_FOUND, "event_not_found", "There is no such event",
                "List your events with GET /v1/events."),
            Code::SubscriptionNotFound => final_answer(S::NOT_FOUND, "subscription_not_found", "There is no such subscription",
                "List your subscriptions with GET /v1/subscriptions."),
            Code::DeliveryNotFound => final_answer(S::NOT_FOUND, "delivery_not_found", "There is no such message",
                "List a subscription's messages with GET /v1/subscriptions/{id}/deliveries; only those that were given up can be redriven."),
            Code::DeadLetterNotFound => final_answer(S::NOT_FOUND, "dead_letter_not_found", "There is no such dead letter",
                "It may have been redriven or dropped; list them with GET /v1/dead-letters."),
            Code::KeyNotFound => final_answer(S::NOT_FOUND, "key_not_found", "There is no such key",
                "List your keys with GET /v1/keys."),
            Code::HookNotFound => final_answer(S::NOT_FOUND, "hook_not_found", "There is no such hook",
                "List your hooks with GET /v1/hooks."),
            Code::RegistryNotFound => final_answer(S::NOT_FOUND, "registry_not_found", "There is no such registry",
                "List your registries with GET /v1/registries."),
            Code::MethodNotAllowed => final_answer(S::METHOD_NOT_ALLOWED, "method_not_allowed", "The route does not take this method",
                "Use a method of the Allow header."),
            Code::NotAcceptable => final_answer(S::NOT_ACCEPTABLE, "not_acceptable", "The report does not come in that form",
                "Ask for one of the media types or formats that the detail names."),
            Code::NotReady => retryable(S::CONFLICT, "not_ready", "The image has no result yet",
                "Wait for its scan to end; if that failed, submit the image again."),
            Code::BulkStateConflict => final_answer(S::CONFLICT, "bulk_state_conflict", "The bulk's state does not allow this",
                "Look at the bulk with GET /v1/bulk/{id}; submit the references again if it was cancelled."),
            Code::SubscriptionLimit => final_answer(S::CONFLICT, "subscription_limit", "There are too many subscriptions",
                "Remove one that is not needed with DELETE /v1/subscriptions/{id}."),
            Code::HookLimit => final_answer(S::CONFLICT, "hook_limit", "There are too many hooks",
                "Remove one that is not needed with DELETE /v1/hooks/{kind}/{id}."),
            Code::RegistryConflict => final_answer(S::CONFLICT, "registry_conflict", "The registry cannot be added",
                "Change the one that there is with PATCH /v1/registries/{id}, or remove one that is not needed."),
            Code::RescanStateConflict => final_answer(S::CONFLICT, "rescan_state_conflict", "The rescan's state does not allow this",
                "Look at it with GET /v1/rescans/{id}; only a full rescan that somebody asked for and that is not done can be cancelled."),
            Code::BodyTooLarge => final_answer(S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large",
                "Send less in one request."),
            Code::UnsupportedMediaType => final_answer(S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body's media type is not taken",
                "Send JSON with the header Content-Type: application/json."),
            Code::InvalidReference => final_answer(S::UNPROCESSABLE_ENTITY, "invalid_reference", "The reference names no image",
                "Write it as docker does: [registry/]repository[:tag][@digest]."),
            Code::InvalidPlatform => final_answer(S::UNPROCESSABLE_ENTITY, "invalid_platform", "The platform is not valid",
                "Write os/architecture, such as linux/amd64, or all."),
            Code::InvalidReceiver => final_answer(S::UNPROCESSABLE_ENTITY, "invalid_receiver", "The receiver cannot be used",
                "Give an address of HTTPS on the public internet, or have the installation started with --allow-private-receivers."),
            Code::InvalidSecret => final_answer(S::UNPROCESSABLE_ENTITY, "invalid_secret", "The secret is not valid",
                "Leave it out, and one is made up for messages that are signed."),
            Code::IdempotencyKeyReused => final_answer(S::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The idempotency key belongs to another request",
                "Use a new Idempotency-Key for a request of other content."),
            Code::Internal => final_answer(S::INTERNAL_SERVER_ERROR, "internal", "Something is wrong with the service",
                "Tell whoever runs the service, with the X-Request-Id of this answer."),
            Code::Overloaded => retryable(S::SERVICE_UNAVAILABLE, "overloaded", "The service has too much to do",
                "Try again after the time in Retry-After."),
            Code::Timeout => retryable(S::SERVICE_UNAVAILABLE, "timeout", "The request took too long",
                "Try again; ask for smaller pages if it was a list."),
            Code::SealingNotConfigured => final_answer(S::NOT_IMPLEMENTED, "sealing_not_configured", "Secrets cannot be kept",
                "Start gateways and schedulers with the same --sealing-key-file."),
            Code::StoreUnavailable => retryable(S::SERVICE_UNAVAILABLE, "store_unavailable", "The store cannot be reached",
                "Try again after the time in Retry-After; /readyz says what is down."),
            Code::QueueUnavailable => retryable(S::SERVICE_UNAVAILABLE, "queue_unavailable", "The queue cannot be reached",
                "Try again after the time in Retry-After; /readyz says what is down."),
        }
    }

    /// The code as it stands in answers.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The HTTP status that goes with it.
    pub const fn status(self) -> StatusCode {
        self.facts().status
    }

    /// What it means, in general.
    pub const fn title(self) -> &'static str {
        self.facts().title
    }

    /// What the client can do about it.
    pub const fn remedy(self) -> &'static str {
        self.facts().remedy
    }

    /// Whether the same request can succeed later.
    pub const fn is_retryable(self) -> bool {
        self.facts().retryable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_a_name_of_its_own_and_a_remedy() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.remedy().ends_with('.'), "{}", code.name());
            assert!(code.status().as_u16() >= 400, "{}", code.name());
        }
    }
}
