//! Many images at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::stream;
use scanyard_store::{
    BulkId, BulkItemState, BulkState, Bulks, PageRequest, ScanFailure, Scans, TenantId,
};
use serde_json::{Value, json};

use crate::support::{Answer, TestGateway, create_key, other_tenant};

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

async fn upload(gateway: &TestGateway, lines: &str) -> Answer {
    let key = &gateway.key;
    gateway
        .send_as(key, "POST /v1/bulk", lines, &[NDJSON])
        .await
}

fn stream_request(gateway: &TestGateway, body: Body) -> Request<Body> {
    Request::post("/v1/bulk")
        .header("authorization", format!("Bearer {}", gateway.key))
        .header(NDJSON.0, NDJSON.1)
        .body(body)
        .unwrap()
}

fn id_of(answer: &Answer) -> BulkId {
    BulkId(answer.json()["id"].as_str().unwrap().parse().unwrap())
}

async fn fail_open(gateway: &TestGateway, id: BulkId, code: &str) {
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    let open = Some(BulkItemState::Open);
    let items = gateway.store.bulk_items(TenantId::DEFAULT, id, open, &page);
    let failure = ScanFailure {
        code: code.to_owned(),
        message: "it went wrong".to_owned(),
        remedy: "mend it".to_owned(),
        retryable: true,
    };
    for item in items.await.unwrap().unwrap().items {
        let scan = item.scan.unwrap();
        assert!(gateway.store.fail_scan(scan, &failure).await.unwrap());
    }
    gateway.store.feed_bulks(500).await.unwrap();
}

#[tokio::test]
async fn good_lines_are_taken_and_bad_ones_reported_by_number() {
    let gateway = TestGateway::start().await;
    let lines = "alpine:3.18\n\"alpine:3.19\"\nNOT a reference\n\n\
                 {\"reference\":\"alpine:3.18\",\"platform\":\"linux/arm64\"}\nalpine:3.18\n{\"x\":1}";
    let answer = upload(&gateway, lines).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let bulk = answer.json();
    let id = bulk["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/bulk/{id}"));
    assert_eq!(bulk["state"], "running");
    let counts = &bulk["counts"];
    assert_eq!(counts["accepted"], 3);
    assert_eq!(
        (&counts["duplicates"], &counts["rejected"]),
        (&json!(1), &json!(2))
    );
    let refused: Vec<_> = bulk["rejections"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = refused.iter().map(|line| line["line"].as_u64()).collect();
    assert_eq!(numbers, [Some(3), Some(7)]);
    let shown = gateway.get(&format!("/v1/bulk/{id}")).await.json();
    assert_eq!(shown["rejections"], bulk["rejections"]);
    let items = gateway.get(&format!("/v1/bulk/{id}/items?limit=2")).await;
    let items = items.json();
    assert_eq!(
        items["items"][0]["reference"],
        "docker.io/library/alpine:3.18"
    );
    assert!(items["next_cursor"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_thousand_lines_pass_through_a_batch_at_a_time() {
    const CHUNKS: u64 = 300;
    const LINES: u64 = 1000;
    let gateway = TestGateway::start().await;
    let store = gateway.store.clone();
    let chunks = stream::unfold(0, move |number| {
        let store = store.clone();
        async move {
            // What was sent and is not stored yet is what the gateway holds.
            if number > 0 && number % 20 == 0 {
                let page = PageRequest {
                    cursor: None,
                    limit: 1,
                };
                let bulks = store.bulks(TenantId::DEFAULT, &page).await.unwrap();
                let stored = bulks.items[0].counts.accepted;
                assert!(
                    number * LINES - stored <= 2 * LINES,
                    "{stored} of {number} chunks"
                );
            }
            let line = |place: u64| format!("r.test/app:{}\n", number * LINES + place);
            let chunk: String = (0..LINES).map(line).collect();
            (number < CHUNKS).then(|| (Ok::<_, Infallible>(Bytes::from(chunk)), number + 1))
        }
    });
    let request = stream_request(&gateway, Body::from_stream(chunks));
    let answer = gateway.send_request(request).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(answer.json()["counts"]["accepted"], CHUNKS * LINES);
    let fed = gateway.store.feed_bulks(500).await.unwrap();
    assert_eq!((fed.fed, fed.open), (500, 500));
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_cancelled_whole() {
    let gateway = TestGateway::start().await;
    let lines = Bytes::from("r.test/app:1\n".repeat(2000));
    let chunks = [Ok(lines), Err(std::io::Error::other("cut"))];
    let body = Body::from_stream(stream::iter(chunks));
    let answer = gateway.send_request(stream_request(&gateway, body)).await;
    assert_eq!(answer.problem(), "400 invalid_body");
    let page = PageRequest {
        cursor: None,
        limit: 1,
    };
    let cancelled = async {
        loop {
            let bulks = gateway.store.bulks(TenantId::DEFAULT, &page).await.unwrap();
            if bulks.items[0].state == BulkState::Cancelled {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), cancelled)
        .await
        .unwrap();
    assert_eq!(gateway.store.feed_bulks(10).await.unwrap().fed, 0);
}

#[tokio::test]
async fn a_bulk_is_paused_resumed_cancelled_and_retried() {
    let gateway = TestGateway::start().await;
    let id = id_of(&upload(&gateway, "r.test/app:1\nr.test/app:2\n").await);
    let post = async |action: &str| {
        let line = format!("POST /v1/bulk/{}/{action}", id.0);
        gateway.send(&line, "").await
    };
    assert_eq!(post("pause").await.json()["state"], "paused");
    assert_eq!(gateway.store.feed_bulks(10).await.unwrap().fed, 0);
    assert_eq!(post("resume").await.json()["state"], "running");
    assert_eq!(gateway.store.feed_bulks(10).await.unwrap().fed, 2);
    fail_open(&gateway, id, "image_not_found").await;
    let failures = gateway.get(&format!("/v1/bulk/{}/failures", id.0)).await;
    let failures: Value = failures.json();
    assert_eq!(failures[0]["code"], "image_not_found");
    assert_eq!(failures[0]["count"], 2);
    assert_eq!(
        failures[0]["examples"][0]["failure"]["message"],
        "it went wrong"
    );
    assert_eq!(post("pause").await.problem(), "409 bulk_state_conflict");
    let again = post("retry").await.json();
    assert_eq!(
        (&again["state"], &again["counts"]["waiting"]),
        (&json!("running"), &json!(2))
    );
    assert_eq!(post("cancel").await.json()["counts"]["cancelled"], 2);
    assert_eq!(post("cancel").await.json()["state"], "cancelled");
    assert_eq!(post("retry").await.problem(), "409 bulk_state_conflict");
    let path = format!("/v1/bulk/{}/items?state=cancelled", id.0);
    assert_eq!(
        gateway.get(&path).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_registry_and_a_pattern_are_checked_and_listed_later() {
    let gateway = TestGateway::start().await;
    let body = r#"{"registry":"registry.test:5000","repositories":"team/*","newest":3}"#;
    let answer = gateway.send("POST /v1/bulk", body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let bulk = answer.json();
    assert_eq!(
        (&bulk["state"], &bulk["is_listed"]),
        (&json!("running"), &json!(false))
    );
    assert_eq!(bulk["selection"]["repositories"], "team/*");
    let wrong = [
        (
            r#"{"registry":"x","repositories":"*"}"#,
            "422 invalid_reference",
        ),
        (
            r#"{"registry":"r.test","repositories":""}"#,
            "400 invalid_body",
        ),
        (
            r#"{"registry":"r.test","repositories":"*","newest":0}"#,
            "400 invalid_body",
        ),
        (r#"{"registry":"r.test"}"#, "400 invalid_body"),
    ];
    for (body, problem) in wrong {
        assert_eq!(gateway.send("POST /v1/bulk", body).await.problem(), problem);
    }
    let list = gateway.get("/v1/bulk").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bulk_is_its_tenants_own() {
    let gateway = TestGateway::start().await;
    let id = id_of(&upload(&gateway, "r.test/app:1\n").await).0;
    let other = create_key(&gateway.store, other_tenant()).await;
    let lines = [
        format!("GET /v1/bulk/{id}"),
        format!("GET /v1/bulk/{id}/items"),
        format!("GET /v1/bulk/{id}/failures"),
        format!("POST /v1/bulk/{id}/cancel"),
        format!("POST /v1/bulk/{id}/retry"),
    ];
    for line in lines {
        let answer = gateway.send_as(&other, &line, "", &[]).await;
        assert_eq!(answer.problem(), "404 bulk_not_found", "{line}");
    }
    assert_eq!(
        gateway.get(&format!("/v1/bulk/{id}")).await.json()["state"],
        "running"
    );
}
