//! Questions across the fleet: paths in, answers out.

use axum::http::StatusCode;

use crate::support::{TestGateway, create_key, digest, finished_scan, other_tenant};

const IMAGES: &str = "/v1/vulnerabilities/CVE-2023-5363/images";

#[tokio::test]
async fn who_has_a_vulnerability_is_told_with_how_many() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let answer = gateway.get(IMAGES).await.json();
    assert_eq!(answer["total"]["count"], 1);
    assert_eq!(answer["total"]["is"], "exact");
    assert_eq!(answer["items"][0]["findings"][0]["id"], "CVE-2023-5363");
    let detail = gateway.get("/v1/vulnerabilities/DSA-5532-1").await.json();
    assert_eq!(detail["images_by_fix"]["all"], 1);
    let counted = gateway.get("/v1/vulnerabilities/CVE-2023-5363/repositories");
    let counted = counted.await.json();
    assert_eq!(counted["items"][0]["repository"], "registry.test/app");
    let stranger = create_key(&gateway.store, other_tenant()).await;
    let answer = gateway
        .send_as(&stranger, &format!("GET {IMAGES}"), "", &[])
        .await;
    assert_eq!(answer.json()["total"]["count"], 0);
}

#[tokio::test]
async fn a_package_in_a_range_is_found_without_any_advisory() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let found = [
        ("package=openssl", 1),
        ("package=openssl&range=%3C3.0.11", 1),
        ("package=openssl&range=vers:deb/%3E%3D3.0.0%7C%3C3.0.11", 1),
        ("package=openssl&range=%3C3.0.9", 0),
        ("package=pkg:deb/debian/openssl@3.0.9-1", 1),
        ("package=pkg:rpm/fedora/openssl", 0),
        ("package=openssl&min_severity=critical", 1),
        ("package=openssl&repository=registry.test/*", 1),
        ("package=openssl&repository=registry.test/b*", 0),
        ("package=openssl&as_of=2001-01-01T00:00:00Z", 0),
    ];
    for (query, images) in found {
        let answer = gateway.get(&format!("/v1/packages/images?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
        assert_eq!(answer.json()["total"]["count"], images, "{query}");
    }
    let versions = gateway.get("/v1/packages/versions?package=openssl&range=%3C4");
    let versions = versions.await.json();
    assert_eq!(versions["items"][0]["version"], "3.0.9-1");
    assert_eq!(versions["items"][0]["images"], 1);
    let names = gateway.get("/v1/packages?search=SSL").await.json();
    assert_eq!(names["items"][0]["name"], "openssl");
}

#[tokio::test]
async fn lists_are_exported_whole() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let csv = gateway.get("/v1/images?format=csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("digest,platform,repositories"));
    assert!(lines[1].starts_with(&digest(1).to_string()));
    let accept = [("accept", "application/x-ndjson")];
    let ndjson = gateway
        .send_as(&gateway.key, &format!("GET {IMAGES}"), "", &accept)
        .await;
    let line: serde_json::Value = serde_json::from_str(ndjson.text().trim()).unwrap();
    assert_eq!(line["image"]["digest"], digest(1).to_string());
    let csv = gateway.get("/v1/packages/images?package=openssl&format=csv");
    assert!(csv.await.text().contains("pkg:deb/debian/openssl@3.0.9-1"));
}

#[tokio::test]
async fn the_fleet_is_counted_ranked_and_compared() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let summary = gateway.get("/v1/fleet/summary").await.json();
    assert_eq!(summary["images"], 1);
    assert_eq!(summary["images_by_worst"]["high"], 1);
    let top = gateway.get("/v1/vulnerabilities?fixable=true").await.json();
    assert_eq!(top["items"][0]["images"]["count"], 1);
    let worst = gateway.get("/v1/fleet/worst-images").await.json();
    assert_eq!(worst["items"][0]["digest"], digest(1).to_string());
    let plan = gateway.get("/v1/fleet/fix-plan").await.json();
    assert_eq!(
        plan["steps"][0]["upgrade"]["package"],
        "pkg:deb/debian/openssl"
    );
    let changes = gateway.get("/v1/fleet/changes?since=2001-01-01T00:00:00Z");
    assert_eq!(changes.await.status, StatusCode::OK);
    let image = digest(1);
    let same = gateway
        .get(&format!("/v1/images/{image}/compare/{image}"))
        .await;
    assert_eq!(same.json()["findings"]["same"], 1, "{}", same.text());
    let bases = gateway
        .get(&format!("/v1/images/{image}/bases"))
        .await
        .json();
    assert_eq!(bases["items"].as_array().unwrap().len(), 0);
    let built = gateway
        .get(&format!("/v1/images/{image}/built-on-it"))
        .await;
    assert_eq!(built.json()["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn questions_that_cannot_be_answered_are_refused() {
    let gateway = TestGateway::start().await;
    let unknown = digest(99);
    let cases = [
        ("/v1/images?repositry=a".to_owned(), "400 invalid_query"),
        ("/v1/images?as_of=yesterday".to_owned(), "400 invalid_query"),
        ("/v1/images?min_epss=2".to_owned(), "400 invalid_query"),
        ("/v1/images?format=xml".to_owned(), "400 invalid_query"),
        (
            "/v1/images?format=csv&cursor=x".to_owned(),
            "400 invalid_cursor",
        ),
        ("/v1/packages/images".to_owned(), "400 invalid_query"),
        (
            "/v1/packages/images?package=a&range=%3E".to_owned(),
            "400 invalid_query",
        ),
        (
            "/v1/packages/images?package=pkg:x".to_owned(),
            "400 invalid_query",
        ),
        (
            "/v1/fleet/worst-images?fixable=true".to_owned(),
            "400 invalid_query",
        ),
        ("/v1/fleet/changes".to_owned(), "400 invalid_query"),
        (format!("/v1/images/{unknown}/bases"), "404 image_not_found"),
        (
            format!("/v1/images/{unknown}/compare/{unknown}"),
            "404 image_not_found",
        ),
        (
            format!("/v1/images/{unknown}/compare/x"),
            "400 invalid_digest",
        ),
    ];
    for (path, problem) in cases {
        assert_eq!(gateway.get(&path).await.problem(), problem, "{path}");
    }
}
