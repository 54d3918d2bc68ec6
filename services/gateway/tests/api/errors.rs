//! Whatever is wrong with a request comes out as a problem: request in, status and code out.

use axum::body::Body;
use axum::http::Request;

use crate::support::{TestGateway, digest};

#[tokio::test]
async fn bad_requests_are_refused_by_name() {
    let gateway = TestGateway::start().await;
    let known_key = r#"{"name":"x","admin":true}"#;
    let long = format!(r#"{{"reference":"{}"}}"#, "a".repeat(3000));
    let cases = [
        ("POST /v1/scans", "{", "400 invalid_body"),
        ("POST /v1/scans", "{}", "400 invalid_body"),
        ("POST /v1/scans", "[]", "400 invalid_body"),
        ("POST /v1/scans", r#"{"reference":7}"#, "400 invalid_body"),
        (
            "POST /v1/scans",
            r#"{"reference":"a","x":1}"#,
            "400 invalid_body",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"a","lane":"fast"}"#,
            "400 invalid_body",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"A B"}"#,
            "422 invalid_reference",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"a\u0000"}"#,
            "422 invalid_reference",
        ),
        ("POST /v1/scans", &long, "422 invalid_reference"),
        (
            "POST /v1/scans",
            r#"{"reference":"oci:"}"#,
            "422 invalid_reference",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"oci:/etc"}"#,
            "403 local_source_refused",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"rootfs:/"}"#,
            "403 local_source_refused",
        ),
        (
            "POST /v1/scans",
            r#"{"reference":"a","platform":"x"}"#,
            "422 invalid_platform",
        ),
        ("POST /v1/keys", known_key, "400 invalid_body"),
        ("POST /v1/keys", r#"{"name":""}"#, "422 invalid_name"),
        ("GET /v1/scans?state=lost", "", "400 invalid_query"),
        ("GET /v1/scans?limit=0", "", "400 invalid_query"),
        ("GET /v1/scans?limit=many", "", "400 invalid_query"),
        ("GET /v1/scans?page=2", "", "400 invalid_query"),
        ("GET /v1/scans?cursor=nonsense", "", "400 invalid_cursor"),
        ("GET /v1/images?min_severity=bad", "", "400 invalid_query"),
        ("GET /v1/scans/7", "", "400 invalid_id"),
        ("GET /v1/scans/7/events", "", "400 invalid_id"),
        ("DELETE /v1/keys/7", "", "400 invalid_id"),
        ("GET /v1/images/sha256:12", "", "400 invalid_digest"),
        ("GET /v1/images/md5:12/findings", "", "400 invalid_digest"),
        ("GET /v1/vulnerabilities/a%20b", "", "400 invalid_id"),
        (
            "GET /v1/vulnerabilities/CVE-1-1",
            "",
            "404 vulnerability_not_found",
        ),
        ("GET /v1/dead-letters/9", "", "404 dead_letter_not_found"),
        ("GET /v1/nothing", "", "404 route_not_found"),
        ("GET /nothing", "", "404 route_not_found"),
        ("GET /docs/nothing.js", "", "404 route_not_found"),
        ("PUT /v1/scans", "{}", "405 method_not_allowed"),
        ("POST /healthz", "{}", "405 method_not_allowed"),
    ];
    for (line, body, expected) in cases {
        let answer = gateway.send(line, body).await;
        assert_eq!(answer.problem(), expected, "{line} {body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let gateway = TestGateway::start().await;
    let scan = "018f3c9e-0000-7000-8000-000000000001";
    let image = digest(77);
    let cases = [
        (format!("GET /v1/scans/{scan}"), "404 scan_not_found"),
        (format!("GET /v1/scans/{scan}/events"), "404 scan_not_found"),
        (format!("DELETE /v1/scans/{scan}"), "404 scan_not_found"),
        (format!("DELETE /v1/keys/{scan}"), "404 key_not_found"),
        (format!("GET /v1/images/{image}"), "404 image_not_found"),
        (
            format!("GET /v1/images/{image}/findings"),
            "404 image_not_found",
        ),
        (
            format!("GET /v1/images/{image}/report"),
            "404 image_not_found",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(gateway.send(&line, "").await.problem(), expected, "{line}");
    }
}

#[tokio::test]
async fn a_body_needs_its_media_type() {
    let gateway = TestGateway::start().await;
    let body = r#"{"reference":"alpine"}"#;
    for media_type in ["text/plain", "application/xml", "application/jsonx"] {
        let headers = [("content-type", media_type)];
        let answer = gateway
            .send_as(&gateway.key, "POST /v1/scans", body, &headers)
            .await;
        assert_eq!(answer.problem(), "415 unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let gateway = TestGateway::start().await;
    let unread = Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Vec<u8>, std::io::Error>>> {
            panic!("the body was read")
        },
    ));
    let request = Request::post("/v1/scans")
        .header("authorization", format!("Bearer {}", gateway.key))
        .header("content-type", "application/json")
        .header("content-length", "100000000")
        .body(unread)
        .unwrap();
    let answer = gateway.send_request(request).await;
    assert_eq!(answer.problem(), "413 body_too_large");
}

#[tokio::test]
async fn a_body_without_announced_length_is_cut_at_the_limit() {
    let gateway = TestGateway::start().await;
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65536]));
    let request = Request::post("/v1/scans")
        .header("authorization", format!("Bearer {}", gateway.key))
        .header("content-type", "application/json")
        .body(Body::from_stream(endless))
        .unwrap();
    let answer = gateway.send_request(request).await;
    assert_eq!(answer.problem(), "413 body_too_large");
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let gateway = TestGateway::start().await;
    let answer = gateway.send("PUT /v1/scans", "").await;
    assert_eq!(answer.problem(), "405 method_not_allowed");
    assert!(
        answer.header("allow").contains("POST"),
        "{:?}",
        answer.headers
    );
}
