//! Rescans of the fleet.

use axum::http::StatusCode;
use scanyard_store::{Concerned, Fleet, Matches};

use crate::support::{TestGateway, finished_scan};

#[tokio::test]
async fn before_the_first_advisories_there_is_nothing_to_rescan() {
    let gateway = TestGateway::start().await;
    for kind in ["full", "delta"] {
        let body = format!("{{\"kind\": \"{kind}\"}}");
        let answer = gateway.send("POST /v1/rescans", &body).await;
        assert_eq!(answer.problem(), "404 rescan_not_found");
    }
    let answer = gateway
        .send("POST /v1/rescans", r#"{"kind": "other"}"#)
        .await;
    assert_eq!(answer.problem(), "400 invalid_body");
    assert_eq!(
        gateway.get("/v1/rescans/x").await.problem(),
        "400 invalid_id"
    );
}

#[tokio::test]
async fn a_full_rescan_is_asked_for_followed_and_cancelled() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let first = gateway.store.current_revision().await.unwrap().unwrap();
    let completed = gateway
        .store
        .complete_revision(first.sequence, &Concerned::All);
    completed.await.unwrap().unwrap();
    let delta = gateway
        .send("POST /v1/rescans", r#"{"kind": "delta"}"#)
        .await;
    assert_eq!(delta.status, StatusCode::ACCEPTED);
    assert_eq!(delta.json()["state"], "done");

    let full = gateway
        .send("POST /v1/rescans", r#"{"kind": "full"}"#)
        .await;
    assert_eq!(full.status, StatusCode::ACCEPTED);
    let path = full.header("location").to_owned();
    assert_eq!(path, format!("/v1/rescans/{}", first.sequence + 1));
    let rescan = gateway.get(&path).await.json();
    assert_eq!(rescan["state"], "waiting");
    assert_eq!(
        (&rescan["full"], &rescan["requested"]),
        (&true.into(), &true.into())
    );

    let cancelled = gateway.send(&format!("DELETE {path}"), "").await;
    assert_eq!(cancelled.status, StatusCode::OK);
    assert_eq!(cancelled.json()["full"], false);
    let done = gateway.send("DELETE /v1/rescans/1", "").await;
    assert_eq!(done.problem(), "409 rescan_state_conflict");

    let list = gateway.get("/v1/rescans?limit=1").await.json();
    assert_eq!(list["items"][0]["id"], first.sequence + 1);
    assert!(list["next_cursor"].is_string());
    let stream = gateway.get("/v1/rescans/1/events").await;
    let events = crate::support::events(stream.text());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "done");
}

#[tokio::test]
async fn images_that_this_version_cataloged_are_not_cataloged_again() {
    let gateway = TestGateway::start().await;
    finished_scan(&gateway).await;
    let answer = gateway
        .send("POST /v1/rescans", r#"{"kind": "recatalog"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert!(answer.header("location").starts_with("/v1/bulk/"));
    assert_eq!(answer.json()["counts"]["accepted"], 0);
}
