//! Push webhooks: who may deliver, and what becomes of it.

use axum::http::StatusCode;
use scanyard_protocol::Lane;
use scanyard_store::{Images, Lifecycle, Outbox, PageRequest, ScanFilter, Scans, TenantId};
use serde_json::{Value, json};

use crate::support::{Answer, TestGateway, create_key, digest, finished_scan, other_tenant};

/// A push of `shop/cart`, as Distribution tells it.
fn pushed(id: &str, tag: &str, at: &str) -> String {
    envelope(json!({
        "id": id, "timestamp": at, "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest(1).to_string(), "repository": "app", "tag": tag,
        },
        "request": { "host": "internal:5000" },
    }))
}

fn deleted(at: &str) -> String {
    envelope(json!({
        "id": "d", "timestamp": at, "action": "delete",
        "target": { "digest": digest(1).to_string(), "repository": "app" },
        "request": { "host": "internal:5000" },
    }))
}

fn envelope(event: Value) -> String {
    json!({ "events": [event] }).to_string()
}

struct Hook {
    path: String,
    secret: String,
}

impl Hook {
    async fn add(gateway: &TestGateway, kind: &str, more: Value) -> Self {
        let mut body = json!({ "name": "test", "kind": kind });
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        let answer = gateway.send("POST /v1/hooks", &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let created = answer.json();
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        Self {
            path: text("path"),
            secret: text("secret"),
        }
    }

    async fn deliver(&self, gateway: &TestGateway, body: &str) -> Answer {
        gateway
            .send_as(&self.secret, &format!("POST {}", self.path), body, &[])
            .await
    }
}

async fn references(gateway: &TestGateway) -> Vec<String> {
    let page = PageRequest {
        cursor: None,
        limit: 100,
    };
    let scans = gateway
        .store
        .scans(TenantId::DEFAULT, &ScanFilter::default(), &page)
        .await;
    let scans = scans.unwrap().items.into_iter();
    scans.map(|scan| scan.reference).collect()
}

#[tokio::test]
async fn a_push_is_scanned_where_the_hook_says_and_delays_nobody_who_waits() {
    let gateway = TestGateway::start().await;
    let hook = Hook::add(
        &gateway,
        "distribution",
        json!({"registry": "registry.test"}),
    )
    .await;
    let body = pushed("1", "1.4", "2024-03-09T14:44:26Z");
    let answer = hook.deliver(&gateway, &body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({"accepted": 1, "known": 0, "deleted": 0, "ignored": 0, "refused": 0})
    );
    let expected = format!("registry.test/app:1.4@{}", digest(1));
    assert_eq!(references(&gateway).await, [expected.as_str()]);
    let messages = gateway.store.pending_messages(10).await.unwrap();
    assert!(messages.iter().all(|message| message.lane == Lane::Bulk));
    // The same again changes nothing, and a later push of the same is another.
    assert_eq!(hook.deliver(&gateway, &body).await.json()["known"], 1);
    assert_eq!(references(&gateway).await.len(), 1);
    let later = pushed("2", "1.4", "2024-03-09T15:00:00Z");
    assert_eq!(hook.deliver(&gateway, &later).await.json()["accepted"], 1);
}

#[tokio::test]
async fn forged_deliveries_enqueue_nothing() {
    let gateway = TestGateway::start().await;
    let hook = Hook::add(&gateway, "distribution", json!({})).await;
    let other = Hook::add(&gateway, "harbor", json!({})).await;
    let signed = Hook::add(&gateway, "ghcr", json!({})).await;
    let body = pushed("1", "1", "2024-03-09T14:44:26Z");
    let nobody = "/v1/hooks/distribution/018f0000-0000-7000-8000-000000000000";
    let attempts = [
        (hook.path.clone(), String::new()),
        (hook.path.clone(), other.secret.clone()),
        (hook.path.clone(), format!("{}0", hook.secret)),
        (
            hook.path.replace("distribution", "gitlab"),
            hook.secret.clone(),
        ),
        (
            format!("{}?token={}", hook.path, hook.secret),
            String::new(),
        ),
        (signed.path.clone(), signed.secret.clone()),
        (nobody.to_owned(), hook.secret.clone()),
        ("/v1/hooks/distribution".to_owned(), hook.secret.clone()),
    ];
    for (path, secret) in attempts {
        let answer = gateway
            .send_as(&secret, &format!("POST {path}"), &body, &[])
            .await;
        assert_eq!(answer.problem(), "401 unauthorized", "{path}");
    }
    let wrong = [("x-hub-signature-256", "sha256=00")];
    let answer = gateway
        .send_as("", &format!("POST {}", signed.path), "{}", &wrong)
        .await;
    assert_eq!(answer.problem(), "401 unauthorized");
    assert!(references(&gateway).await.is_empty());
    let metrics = gateway.send_as("", "GET /metrics", "", &[]).await;
    let refused = r#"scanyard_hook_deliveries_total{kind="ghcr",outcome="refused"}"#;
    assert!(metrics.text().contains(refused), "{}", metrics.text());
}

#[tokio::test]
async fn deliveries_that_are_none_are_refused() {
    let gateway = TestGateway::start().await;
    let hook = Hook::add(&gateway, "distribution", json!({})).await;
    for body in ["{", "{}", "[]"] {
        assert_eq!(
            hook.deliver(&gateway, body).await.problem(),
            "400 invalid_body",
            "{body}"
        );
    }
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(
        hook.deliver(&gateway, &large).await.problem(),
        "413 body_too_large"
    );
    let unknown = gateway.send("POST /v1/hooks/pigeon", "{}").await;
    assert_eq!(unknown.problem(), "404 route_not_found");
}

#[tokio::test]
async fn an_api_key_delivers_for_its_tenant() {
    let gateway = TestGateway::start().await;
    let body = pushed("1", "1", "2024-03-09T14:44:26Z");
    let answer = gateway.send("POST /v1/hooks/distribution", &body).await;
    assert_eq!(answer.json()["accepted"], 1);
    let expected = format!("internal:5000/app:1@{}", digest(1));
    assert_eq!(references(&gateway).await, [expected.as_str()]);
}

#[tokio::test]
async fn only_the_repositories_of_the_hook_are_looked_at() {
    let gateway = TestGateway::start().await;
    let more = json!({"registry": "registry.test", "repositories": ["shop/**"]});
    let hook = Hook::add(&gateway, "distribution", more).await;
    let answer = hook
        .deliver(&gateway, &pushed("1", "1", "2024-03-09T14:44:26Z"))
        .await;
    assert_eq!(answer.json()["ignored"], 1);
    assert!(references(&gateway).await.is_empty());
}

#[tokio::test]
async fn a_deletion_takes_effect_unless_the_image_was_seen_later() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let hook = Hook::add(
        &gateway,
        "distribution",
        json!({"registry": "registry.test"}),
    )
    .await;
    let is_there = async || {
        let image = gateway
            .store
            .image(TenantId::DEFAULT, digest(1))
            .await
            .unwrap();
        image.is_some()
    };
    let early = hook
        .deliver(&gateway, &deleted("2024-03-09T14:44:26Z"))
        .await;
    assert_eq!(early.json()["deleted"], 1);
    assert!(is_there().await);
    hook.deliver(&gateway, &deleted("2124-03-09T14:44:26Z"))
        .await;
    assert!(!is_there().await);
    let page = PageRequest {
        cursor: None,
        limit: 10,
    };
    let tags = gateway
        .store
        .tags(TenantId::DEFAULT, "registry.test/app", &page)
        .await;
    assert!(tags.unwrap().unwrap().items.is_empty());
    // A clock that is ahead ends nothing in the future.
    let history = "/v1/tags/history?repository=registry.test/app&tag=1";
    let ended = gateway.get(history).await.json()["items"][0]["to"].clone();
    assert!(ended.as_str().unwrap() < "2100", "{ended}");
}

#[tokio::test]
async fn the_handshakes_of_event_grid_are_answered() {
    let gateway = TestGateway::start().await;
    let hook = Hook::add(&gateway, "acr", json!({})).await;
    let body = r#"[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent",
        "data":{"validationCode":"512d38b6"}}]"#;
    let answer = hook.deliver(&gateway, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({"validationResponse": "512d38b6"}));
    let origin = [("webhook-request-origin", "eventgrid.azure.net")];
    let line = format!("OPTIONS {}?token={}", hook.path, hook.secret);
    let allowed = gateway.send_as("", &line, "", &origin).await;
    assert_eq!(
        allowed.header("webhook-allowed-origin"),
        "eventgrid.azure.net"
    );
    let forged = gateway
        .send_as("", &format!("OPTIONS {}", hook.path), "", &origin)
        .await;
    assert_eq!(forged.problem(), "401 unauthorized");
}

#[tokio::test]
async fn a_hook_is_its_tenants_and_its_secret_is_shown_once() {
    let gateway = TestGateway::start().await;
    let hook = Hook::add(
        &gateway,
        "harbor",
        json!({"service_url": "https://s.test/"}),
    )
    .await;
    let get = format!("GET {}", hook.path);
    let shown = gateway.send(&get, "").await;
    assert!(shown.text().contains("Bearer SECRET"), "{}", shown.text());
    for text in [shown.text(), gateway.get("/v1/hooks").await.text()] {
        assert!(!text.contains(&hook.secret));
    }
    let other = create_key(&gateway.store, other_tenant()).await;
    let delete = format!("DELETE {}", hook.path);
    for line in [&get, &delete] {
        let answer = gateway.send_as(&other, line, "", &[]).await;
        assert_eq!(answer.problem(), "404 hook_not_found");
    }
    assert_eq!(
        gateway.send(&delete, "").await.status,
        StatusCode::NO_CONTENT
    );
    let late = hook.deliver(&gateway, "{}").await;
    assert_eq!(late.problem(), "401 unauthorized");
}

#[tokio::test]
async fn wrong_hooks_are_refused() {
    let gateway = TestGateway::start().await;
    let refused = [
        (json!({"kind": "pigeon"}), "404 route_not_found"),
        (json!({"kind": "jfrog"}), "422 invalid_reference"),
        (
            json!({"kind": "harbor", "registry": "harbor"}),
            "422 invalid_reference",
        ),
        (json!({"kind": "harbor", "name": ""}), "422 invalid_name"),
        (
            json!({"kind": "harbor", "repositories": ["a b"]}),
            "400 invalid_query",
        ),
        (
            json!({"kind": "harbor", "service_url": "gopher://x"}),
            "400 invalid_body",
        ),
    ];
    for (more, problem) in refused {
        let mut body = json!({ "name": "test" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = gateway.send("POST /v1/hooks", &body.to_string()).await;
        assert_eq!(answer.problem(), problem, "{more}");
    }
}
