//! The messages that ask for work, and the failures of work that was given up.

use scanyard_package::Digest;
use scanyard_protocol::{ImageJob, Job, Lane, LayerJob, Message};
use uuid::Uuid;

use crate::ScanFailure;

/// The message that asks for a scan's image job. The first carries the scan's id; later ones count,
/// so that the queue does not take them for the first.
pub(crate) fn image_message(
    scan_id: Uuid,
    lane: Lane,
    request: i64,
    traceparent: Option<String>,
) -> Message {
    let id = match request {
        1 => scan_id.to_string(),
        request => format!("{scan_id}-{request}"),
    };
    let mut message = Message::new(id, lane, &Job::Image(ImageJob { scan_id }));
    message.traceparent = traceparent;
    message
}

/// The message that asks for a layer job, in the name of a scan that waits. The number of the
/// request is in its id, so that the queue does not take it for an earlier one.
pub(crate) fn layer_message(
    layer: Digest,
    cataloger_set: &str,
    request: i64,
    lane: Lane,
    (scan_id, traceparent): (Uuid, Option<String>),
) -> Message {
    let job = Job::Layer(LayerJob {
        layer,
        cataloger_set: cataloger_set.to_owned(),
        scan_id,
    });
    let id = format!("{}-{cataloger_set}-{request}", layer.to_hex());
    let mut message = Message::new(id, lane, &job);
    message.traceparent = traceparent;
    message
}

/// A layer was claimed again and again, and never committed nor failed: it brings workers down.
pub(crate) fn layer_abandoned(layer: Digest) -> ScanFailure {
    ScanFailure {
        code: "layer_abandoned".to_owned(),
        message: format!("every worker that cataloged layer {layer} stopped before its end"),
        remedy: "look at the workers' logs and memory; then submit the scan again".to_owned(),
        retryable: false,
    }
}

/// A scan's image job was asked for so often, hours apart, that it is not going to be worked on.
pub(crate) fn scan_abandoned() -> ScanFailure {
    ScanFailure {
        code: "scan_abandoned".to_owned(),
        message: "no worker brought the scan to an end".to_owned(),
        remedy: "look at the dead letters and the workers' logs; then submit the scan again"
            .to_owned(),
        retryable: true,
    }
}

/// A client stopped sending the references of a bulk, and its gateway did not notice.
pub(crate) fn upload_cut() -> ScanFailure {
    ScanFailure {
        code: "upload_cut".to_owned(),
        message: "the upload of the references was cut before its end".to_owned(),
        remedy: "submit the references again".to_owned(),
        retryable: true,
    }
}
