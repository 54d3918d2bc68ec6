//! Registries: what is stored of them, and what is never told.

use axum::http::StatusCode;
use scanyard_store::{Registries, RegistryCredentials, TenantId};
use serde_json::{Value, json};

use crate::support::{Answer, TestGateway};

const PASSWORD: &str = "hunter2-and-more";

async fn send(gateway: &TestGateway, route: &str, body: &Value) -> Answer {
    gateway.send(route, &body.to_string()).await
}

#[tokio::test]
async fn a_password_is_sealed_and_told_to_nobody() {
    let gateway = TestGateway::start().await;
    let credentials = json!({"kind": "basic", "username": "robot", "password": PASSWORD});
    let body = json!({"host": "registry.example.com", "credentials": credentials});
    let created = send(&gateway, "POST /v1/registries", &body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert!(!created.text().contains(PASSWORD));
    assert_eq!(created.json()["username"], "robot");
    let stored = gateway.store.registries(TenantId::DEFAULT).await.unwrap();
    let RegistryCredentials::Basic { password, .. } = &stored[0].settings.credentials else {
        panic!("{stored:?}");
    };
    let holds = |bytes: &[u8]| {
        bytes
            .windows(PASSWORD.len())
            .any(|w| w == PASSWORD.as_bytes())
    };
    assert!(!holds(&password.sealed));
    let listed = gateway.send("GET /v1/registries", "").await;
    assert_eq!(listed.json()["items"][0]["credentials"], "basic");
    assert!(!listed.text().contains(PASSWORD));
}

#[tokio::test]
async fn what_is_not_given_stays_as_it_was() {
    let gateway = TestGateway::start().await;
    let body = json!({"host": "registry.example.com", "repositories": ["a/**"], "mirrors": ["m.example.com"]});
    let created = send(&gateway, "POST /v1/registries", &body).await;
    let path = format!("/v1/registries/{}", created.json()["id"].as_str().unwrap());
    let misspelt = send(
        &gateway,
        &format!("PATCH {path}"),
        &json!({"repository": []}),
    )
    .await;
    assert_eq!(misspelt.json()["code"], "invalid_body");
    let change = json!({"transport": {"kind": "plain_http"}});
    let changed = send(&gateway, &format!("PATCH {path}"), &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let changed = changed.json();
    assert_eq!(changed["plain_http"], true);
    assert_eq!(changed["repositories"], json!(["a/**"]));
    assert_eq!(changed["mirrors"], json!(["m.example.com"]));
    let gone = gateway.send(&format!("DELETE {path}"), "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = gateway.send(&format!("GET {path}"), "").await;
    assert_eq!(again.json()["code"], "registry_not_found");
}

#[tokio::test]
async fn what_cannot_be_a_registry_is_refused_with_its_reason() {
    let gateway = TestGateway::start().await;
    let host = "registry.example.com";
    for (body, code) in [
        (json!({"host": "not a host"}), "invalid_reference"),
        // The operator did not allow it, so no tenant can.
        (
            json!({"host": "10.0.0.7:5000", "private_addresses": true}),
            "registry_not_allowed",
        ),
        (
            json!({"host": host, "transport": {"kind": "tls", "authority": "none"}}),
            "invalid_body",
        ),
        (
            json!({"host": host, "transport": {"kind": "tls", "client_key": "k"}}),
            "invalid_body",
        ),
        (
            json!({"host": host, "credentials": {"kind": "token", "token": ""}}),
            "invalid_body",
        ),
        (
            json!({"host": host, "credentials": {"kind": "magic"}}),
            "invalid_body",
        ),
        (
            json!({"host": host, "mirrors": vec![host; 101]}),
            "invalid_query",
        ),
    ] {
        let refused = send(&gateway, "POST /v1/registries", &body).await;
        assert_eq!(refused.json()["code"], code, "{body} {}", refused.text());
    }
    let misspelt = json!({"host": host, "repository": []});
    let misspelt = send(&gateway, "POST /v1/registries", &misspelt).await;
    assert_eq!(misspelt.json()["code"], "invalid_body");
    let one = json!({"host": "Registry.Example.com"});
    let added = send(&gateway, "POST /v1/registries", &one).await;
    assert_eq!(added.json()["host"], host);
    send(&gateway, "POST /v1/registries", &one).await;
    let twice = send(&gateway, "POST /v1/registries", &one).await;
    assert_eq!(twice.json()["code"], "registry_conflict");
}
