//! Subscriptions and their messages.

use std::sync::Arc;

use axum::http::StatusCode;
use scanyard_store::{Attempt, AttemptOutcome, Deliveries, Store, SubscriptionId};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{TestGateway, create_key, other_tenant};

fn request(extra: Value) -> String {
    let mut body = json!({
        "name": "team",
        "form": "cloudevents",
        "url": "https://hooks.example.com/hunter2",
    });
    let extra = extra.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(extra);
    body.to_string()
}

async fn created(gateway: &TestGateway) -> (String, String) {
    let answer = gateway
        .send("POST /v1/subscriptions", &request(json!({})))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let created = answer.json();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

#[tokio::test]
async fn a_secret_is_shown_once_and_the_address_never() {
    let gateway = TestGateway::start().await;
    let (id, secret) = created(&gateway).await;
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/subscriptions/{id}");
    for path in ["/v1/subscriptions", path.as_str()] {
        let answer = gateway.get(path).await;
        assert!(answer.text().contains("https://hooks.example.com/…"));
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        assert!(!answer.text().contains("whsec_"), "{}", answer.text());
    }
    let line = format!("PATCH {path}");
    let renamed = gateway.send(&line, r#"{"name": "other"}"#).await.json();
    assert_eq!(
        (&renamed["name"], &renamed["secret"]),
        (&json!("other"), &Value::Null)
    );
    let rotated = gateway
        .send(&line, r#"{"rotate_secret": true}"#)
        .await
        .json();
    assert_ne!(rotated["secret"], secret);
    let patch =
        r#"{"filter": {"kinds": ["finding.new"], "min_severity": "high"}, "state": "paused"}"#;
    let changed = gateway.send(&line, patch).await.json();
    assert_eq!(changed["state"], "paused");
    assert_eq!(changed["filter"]["kinds"], json!(["finding.new"]));
    let gone = gateway.send(&format!("DELETE {path}"), "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = gateway.get(&path).await;
    assert_eq!(again.problem(), "404 subscription_not_found");
}

#[tokio::test]
async fn wrong_subscriptions_are_refused() {
    let gateway = TestGateway::start().await;
    for (extra, problem) in [
        (
            json!({"url": "http://hooks.example.com/"}),
            "422 invalid_receiver",
        ),
        (json!({"url": "https://127.0.0.1/"}), "422 invalid_receiver"),
        (
            json!({"url": "https://u:p@hooks.example.com/"}),
            "422 invalid_receiver",
        ),
        (json!({"secret": "hunter2"}), "422 invalid_secret"),
        (
            json!({"form": "slack", "secret": "whsec_AAAA"}),
            "422 invalid_secret",
        ),
        (json!({"form": "pigeon"}), "400 invalid_body"),
        (json!({"name": ""}), "422 invalid_name"),
        (json!({"filter": {"repository": " "}}), "400 invalid_query"),
        (
            json!({"filter": {"kind": "finding.new"}}),
            "400 invalid_body",
        ),
    ] {
        let body = request(extra);
        let answer = gateway.send("POST /v1/subscriptions", &body).await;
        assert_eq!(answer.problem(), problem, "{body}");
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_subscription_is_its_tenants() {
    let gateway = TestGateway::start().await;
    let (id, _) = created(&gateway).await;
    let key = create_key(&gateway.store, other_tenant()).await;
    for line in [
        format!("GET /v1/subscriptions/{id}"),
        format!("DELETE /v1/subscriptions/{id}"),
        format!("GET /v1/subscriptions/{id}/deliveries"),
        format!("POST /v1/subscriptions/{id}/test"),
    ] {
        let answer = gateway.send_as(&key, &line, "", &[]).await;
        assert_eq!(answer.problem(), "404 subscription_not_found", "{line}");
    }
    let listed = gateway
        .send_as(&key, "GET /v1/subscriptions", "", &[])
        .await;
    assert_eq!(listed.json()["items"], json!([]));
}

#[tokio::test]
async fn a_test_tells_what_became_of_it() {
    let gateway = TestGateway::start().await;
    let (id, _) = created(&gateway).await;
    let store: Arc<dyn Store> = Arc::new(gateway.store.clone());
    let subscription = SubscriptionId(id.parse().unwrap());
    let send = async {
        let hour = Duration::from_secs(3600);
        let claimed = loop {
            let claimed = store.claim_delivery(subscription, hour).await.unwrap();
            match claimed {
                Some(claimed) => break claimed,
                None => tokio::task::yield_now().await,
            }
        };
        let attempt = Attempt {
            outcome: AttemptOutcome::GiveUp(Duration::ZERO),
            status: Some(404),
            problem: Some("the receiver answered 404".to_owned()),
        };
        gateway.store.end_attempt(&claimed, &attempt).await.unwrap();
    };
    let line = format!("POST /v1/subscriptions/{id}/test");
    let (answer, ()) = tokio::join!(gateway.send(&line, ""), send);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let delivery = answer.json();
    assert_eq!(
        (&delivery["state"], &delivery["status"]),
        (&json!("dead"), &json!(404))
    );
    let listed = format!("/v1/subscriptions/{id}/deliveries?state=dead");
    assert_eq!(
        gateway.get(&listed).await.json()["items"][0]["id"],
        delivery["id"]
    );
    let line = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    assert_eq!(gateway.get(&line).await.status, StatusCode::OK);
    let redriven = gateway.send(&format!("POST {line}/redrive"), "").await;
    assert_eq!(redriven.status, StatusCode::ACCEPTED);
    assert_eq!(redriven.json()["state"], "waiting");
    let again = gateway.send(&format!("POST {line}/redrive"), "").await;
    assert_eq!(again.problem(), "404 delivery_not_found");
}
