//! Images, their content and their reports.

use axum::http::StatusCode;
use scanyard_package::{Coverage, CoverageKind};
use scanyard_store::Matches;

use crate::support::{TestGateway, assemble, digest, finished_scan, match_all, record};

const PURL: &str = "pkg:deb/debian/openssl@3.0.9-1";

#[tokio::test]
async fn findings_name_the_layer_and_the_path() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let answer = gateway
        .get(&format!("/v1/images/{}/findings", digest(1)))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let findings = answer.json();
    let finding = &findings["items"][0];
    assert_eq!(finding["id"], "CVE-2023-5363");
    assert!(finding["package"].as_str().unwrap().starts_with(PURL));
    assert_eq!(finding["layer"], digest(11).to_string());
    assert_eq!(finding["paths"][0], "var/lib/dpkg/status");
    assert_eq!(findings["summary"]["high"], 1);
    assert_eq!(findings["advisories"]["revision"], digest(900).to_string());
    let critical = gateway
        .get(&format!(
            "/v1/images/{}/findings?min_severity=critical",
            digest(1)
        ))
        .await
        .json();
    assert_eq!(critical["items"], serde_json::json!([]));
    assert_eq!(critical["summary"]["high"], 1);
}

#[tokio::test]
async fn packages_and_layers_are_listed() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let packages = gateway
        .get(&format!("/v1/images/{}/packages", digest(1)))
        .await
        .json();
    assert_eq!(packages["distro"]["id"], "debian");
    assert_eq!(packages["items"][0]["name"], "openssl");
    let layers = gateway
        .get(&format!("/v1/images/{}/layers", digest(1)))
        .await
        .json();
    assert_eq!(layers["items"][0]["foreign"], true);
    assert_eq!(layers["items"][1]["digest"], digest(11).to_string());
    let image = gateway
        .get(&format!("/v1/images/{}", digest(1)))
        .await
        .json();
    assert_eq!(image["summary"]["findings"]["high"], 1);
    assert_eq!(image["summary"]["revision"], 1);
    assert_eq!(image["tags"][0]["name"], "1");
}

#[tokio::test]
async fn a_report_comes_in_the_form_that_is_asked_for() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let path = format!("/v1/images/{}/report", digest(1));
    let cases = [
        ("", "", "application/json", "\"schema_version\""),
        (
            "",
            "application/vnd.cyclonedx+json",
            "application/vnd.cyclonedx+json",
            "CycloneDX",
        ),
        (
            "",
            "application/sarif+json",
            "application/sarif+json",
            "2.1.0",
        ),
        ("", "text/plain", "text/plain", "CVE-2023-5363"),
        (
            "?format=sarif",
            "text/plain",
            "application/sarif+json",
            "2.1.0",
        ),
    ];
    for (query, accept, media_type, content) in cases {
        let headers: &[_] = if accept.is_empty() {
            &[]
        } else {
            &[("accept", accept)]
        };
        let line = format!("GET {path}{query}");
        let answer = gateway.send_as(&gateway.key, &line, "", headers).await;
        assert!(
            answer.header("content-type").starts_with(media_type),
            "{accept}"
        );
        assert!(answer.text().contains(content), "{accept}");
        assert!(answer.header("vary").contains("accept"));
    }
    let headers = [("accept", "image/png")];
    let answer = gateway
        .send_as(&gateway.key, &format!("GET {path}"), "", &headers)
        .await;
    assert_eq!(answer.problem(), "406 not_acceptable");
    let answer = gateway.get(&format!("{path}?format=pdf")).await;
    assert_eq!(answer.problem(), "400 invalid_query");
}

#[tokio::test]
async fn a_report_that_the_client_has_is_not_sent_again() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let path = format!("/v1/images/{}/report", digest(1));
    let first = gateway.get(&path).await;
    let headers = [("if-none-match", first.header("etag"))];
    let again = gateway
        .send_as(&gateway.key, &format!("GET {path}"), "", &headers)
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
}

#[tokio::test]
async fn an_image_without_result_is_not_ready_rather_than_clean() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app:1").await;
    record(&gateway.store, scan).await;
    let path = format!("/v1/images/{}", digest(1));
    assert!(gateway.get(&path).await.json()["summary"].is_null());
    for part in ["findings", "packages", "report"] {
        let answer = gateway.get(&format!("{path}/{part}")).await;
        assert_eq!(answer.problem(), "409 not_ready", "{part}");
        assert_eq!(answer.json()["retryable"], true);
    }
}

#[tokio::test]
async fn an_image_matched_with_nothing_says_so() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app:1").await;
    record(&gateway.store, scan).await;
    assemble(&gateway.store, &[]).await;
    let path = format!("/v1/images/{}", digest(1));
    let image = gateway.get(&path).await.json();
    assert_eq!(image["summary"]["complete"], false);
    assert!(image["summary"]["findings"].is_null());
    let report = gateway.get(&format!("{path}/report")).await.json();
    assert_eq!(report["coverage"][0]["kind"], "no_database");
    assert_eq!(report["summary"]["complete"], false);
}

#[tokio::test]
async fn what_could_not_be_read_stands_in_every_summary() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app:1").await;
    record(&gateway.store, scan).await;
    let gap = Coverage::new(
        CoverageKind::ForeignLayer,
        digest(10).to_string(),
        "never pulled",
    );
    assemble(&gateway.store, &[gap]).await;
    match_all(&gateway.store).await;
    let path = format!("/v1/images/{}", digest(1));
    let image = gateway.get(&path).await.json();
    assert_eq!(image["summary"]["complete"], false);
    assert_eq!(image["summary"]["coverage_gaps"], 1);
    let findings = gateway.get(&format!("{path}/findings")).await.json();
    assert_eq!(findings["summary"]["complete"], false);
    assert_eq!(findings["coverage"][0]["kind"], "foreign_layer");
}

#[tokio::test]
async fn a_vulnerability_names_the_images_that_have_it() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    for id in ["CVE-2023-5363", "DSA-5532-1"] {
        let vulnerability = gateway.get(&format!("/v1/vulnerabilities/{id}")).await;
        assert_eq!(vulnerability.status, StatusCode::OK, "{id}");
        let vulnerability = vulnerability.json();
        assert_eq!(vulnerability["id"], "CVE-2023-5363");
        assert_eq!(vulnerability["severity"], "high");
        assert_eq!(vulnerability["images"], 1);
        let images = gateway
            .get(&format!("/v1/vulnerabilities/{id}/images"))
            .await
            .json();
        assert_eq!(images["items"][0]["image"]["digest"], digest(1).to_string());
        assert_eq!(images["items"][0]["findings"][0]["status"], "affected");
    }
}

#[tokio::test]
async fn the_advisories_in_use_are_described() {
    let gateway = TestGateway::start().await;
    let none = gateway.get("/v1/advisories").await.json();
    assert!(none["in_use"].is_null());
    match_all(&gateway.store).await;
    let advisories = gateway.get("/v1/advisories").await.json();
    assert_eq!(advisories["in_use"]["revision"], digest(900).to_string());
    assert_eq!(advisories["records"]["Debian:12"], 3);
}

#[tokio::test]
async fn while_a_rescan_runs_the_last_result_names_its_own_advisories() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    gateway
        .store
        .activate_revision(digest(901), None)
        .await
        .unwrap();
    let path = format!("/v1/images/{}/report", digest(1));
    let report = gateway.get(&path).await.json();
    assert_eq!(report["advisories"]["revision"], digest(900).to_string());
    let advisories = gateway.get("/v1/advisories").await.json();
    assert_eq!(advisories["in_use"]["revision"], digest(901).to_string());
    assert!(advisories["records"].is_null());
}
