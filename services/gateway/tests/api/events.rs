//! Server-sent events.

use crate::support::{TestGateway, events, finished_scan, record};

#[tokio::test]
async fn a_finished_scan_is_one_last_event() {
    let gateway = TestGateway::start().await;
    let scan = finished_scan(&gateway).await;
    let line = format!("GET /v1/scans/{}/events", scan.0);
    let headers = [("last-event-id", "17"), ("accept-encoding", "gzip")];
    let answer = gateway.send_as(&gateway.key, &line, "", &headers).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("content-encoding"), "");
    assert_eq!(events(answer.text()), [("done".into(), "done".into())]);
}

#[tokio::test]
async fn progress_comes_before_the_end() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "registry.test/app:1").await;
    record(&gateway.store, scan).await;
    let path = format!("/v1/scans/{}/events", scan.0);
    let cancel = async {
        // The stream sees the scan as it is before this is answered, or as it is after: both end it.
        gateway
            .send(&format!("DELETE /v1/scans/{}", scan.0), "")
            .await
    };
    let (answer, _) = tokio::join!(gateway.get(&path), cancel);
    let events = events(answer.text());
    let last = events.last().unwrap();
    assert_eq!(last, &("done".to_owned(), "cancelled".to_owned()));
    for (name, state) in &events[..events.len() - 1] {
        assert_eq!((name.as_str(), state.as_str()), ("progress", "cataloging"));
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_service_stops() {
    let gateway = TestGateway::start().await;
    let scan = gateway.submit(&gateway.key, "alpine").await;
    gateway.shutdown.cancel();
    let answer = gateway.get(&format!("/v1/scans/{}/events", scan.0)).await;
    assert_eq!(
        events(answer.text()),
        [("progress".into(), "queued".into())]
    );
}
