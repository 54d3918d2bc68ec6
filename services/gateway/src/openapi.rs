//! The OpenAPI document, made from the handlers.

use std::sync::LazyLock;

use axum::body::Bytes;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::problem::ProblemBody;
use crate::routes;
use crate::state::Gateway;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Scanyard",
        description = "Container images, what is in them, and what is wrong with it. \
            Every error is a problem of RFC 9457 whose `code` is stable.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    modifiers(&BearerKey),
    security(("key" = [])),
)]
struct Skeleton;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("sy_PREFIX_SECRET")
            .description(Some("An API key."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// The groups of routes, and the document about all.
pub struct Api {
    /// Routes behind a key.
    pub behind_a_key: axum::Router<Gateway>,
    /// Routes whose requests prove by themselves who sends them.
    pub self_authenticating: axum::Router<Gateway>,
    /// Routes that need none.
    pub open: axum::Router<Gateway>,
    /// What the document says.
    pub document: Document,
}

/// Collects all routes.
pub fn collect() -> Api {
    let skeleton = OpenApiRouter::with_openapi(Skeleton::openapi());
    let (behind_a_key, mut document) = skeleton.merge(routes::behind_a_key()).split_for_parts();
    let (self_authenticating, others) = routes::self_authenticating().split_for_parts();
    document.merge(others);
    let (open, others) = routes::open().split_for_parts();
    document.merge(others);
    Api {
        behind_a_key,
        self_authenticating,
        open,
        document,
    }
}

/// The OpenAPI document as it is served.
pub fn document_json() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let json = collect().document.to_pretty_json();
        // The document always has a JSON form; a test reads it.
        Bytes::from(json.unwrap_or_default())
    });
    DOCUMENT.clone()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    const OPERATIONS: [&str; 84] = [
        "delete /v1/dead-letters/{id}",
        "delete /v1/hooks/{kind}/{id}",
        "delete /v1/registries/{id}",
        "delete /v1/images/{digest}",
        "delete /v1/keys/{id}",
        "delete /v1/rescans/{id}",
        "delete /v1/scans/{id}",
        "delete /v1/subscriptions/{id}",
        "get /",
        "get /healthz",
        "get /metrics",
        "get /openapi.json",
        "get /readyz",
        "get /v1/advisories",
        "get /v1/bulk",
        "get /v1/bulk/{id}",
        "get /v1/bulk/{id}/events",
        "get /v1/bulk/{id}/failures",
        "get /v1/bulk/{id}/items",
        "get /v1/dead-letters",
        "get /v1/dead-letters/{id}",
        "get /v1/deliveries/{id}",
        "get /v1/events",
        "get /v1/events/{id}",
        "get /v1/events/{id}/images",
        "get /v1/fleet/changes",
        "get /v1/fleet/fix-plan",
        "get /v1/fleet/summary",
        "get /v1/fleet/worst-images",
        "get /v1/hooks",
        "get /v1/hooks/{kind}/{id}",
        "get /v1/images",
        "get /v1/images/{digest}",
        "get /v1/images/{digest}/bases",
        "get /v1/images/{digest}/built-on-it",
        "get /v1/images/{digest}/compare/{other}",
        "get /v1/images/{digest}/findings",
        "get /v1/images/{digest}/history",
        "get /v1/images/{digest}/layers",
        "get /v1/images/{digest}/packages",
        "get /v1/images/{digest}/report",
        "get /v1/keys",
        "get /v1/packages",
        "get /v1/packages/images",
        "get /v1/packages/repositories",
        "get /v1/packages/versions",
        "get /v1/repositories",
        "get /v1/rescans",
        "get /v1/rescans/{id}",
        "get /v1/rescans/{id}/events",
        "get /v1/scans",
        "get /v1/scans/{id}",
        "get /v1/scans/{id}/events",
        "get /v1/subscriptions",
        "get /v1/subscriptions/{id}",
        "get /v1/subscriptions/{id}/deliveries",
        "get /v1/registries",
        "get /v1/registries/{id}",
        "get /v1/tags",
        "get /v1/tags/history",
        "get /v1/vulnerabilities",
        "get /v1/vulnerabilities/{id}",
        "get /v1/vulnerabilities/{id}/images",
        "get /v1/vulnerabilities/{id}/repositories",
        "options /v1/hooks/{kind}/{id}",
        "patch /v1/subscriptions/{id}",
        "patch /v1/registries/{id}",
        "post /v1/registries",
        "post /v1/bulk",
        "post /v1/bulk/{id}/cancel",
        "post /v1/bulk/{id}/pause",
        "post /v1/bulk/{id}/resume",
        "post /v1/bulk/{id}/retry",
        "post /v1/dead-letters/{id}/redrive",
        "post /v1/deliveries/{id}/redrive",
        "post /v1/hooks",
        "post /v1/hooks/{kind}",
        "post /v1/hooks/{kind}/{id}",
        "post /v1/keys",
        "post /v1/rescans",
        "post /v1/sboms",
        "post /v1/scans",
        "post /v1/subscriptions",
        "post /v1/subscriptions/{id}/test",
    ];

    fn document() -> Value {
        serde_json::from_slice(&document_json()).unwrap()
    }

    fn operations(document: &Value) -> Vec<(String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, item)| {
                let item = item.as_object().unwrap();
                item.iter()
                    .map(move |(method, operation)| (format!("{method} {path}"), operation))
            })
            .collect()
    }

    #[test]
    fn the_operations_are_these() {
        let document = document();
        let names: BTreeSet<_> = operations(&document)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let expected: BTreeSet<_> = OPERATIONS.map(str::to_owned).into();
        assert_eq!(names, expected);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }

    #[test]
    fn every_operation_behind_a_key_tells_its_problems() {
        let document = document();
        for (name, operation) in operations(&document) {
            let open = operation["security"] == serde_json::json!([{}]);
            assert_eq!(open, !name.contains(" /v1/"), "{name}");
            if open {
                continue;
            }
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "500", "503"] {
                assert!(responses.contains_key(status), "{name} {status}");
            }
            for (status, response) in responses {
                let content = &response["content"];
                let problem = &content["application/problem+json"]["schema"]["$ref"];
                let is_problem = problem == "#/components/schemas/Problem";
                assert_eq!(is_problem, status.as_str() >= "400", "{name} {status}");
            }
            assert!(operation["summary"].is_string(), "{name} has no summary");
        }
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }

    /// The document lies in the repository, so that a change of the API shows in review.
    /// `UPDATE_OPENAPI=1 cargo test -p scanyard-gateway` writes it anew.
    #[test]
    fn the_document_in_the_repository_is_this_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let now = format!("{}\n", String::from_utf8(document_json().to_vec()).unwrap());
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == now,
            "the API changed; run this with UPDATE_OPENAPI=1"
        );
    }
}
