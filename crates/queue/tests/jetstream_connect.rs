//! How the JetStream adapter connects: what it makes, takes over and refuses.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use scanyard_protocol::{ImageJob, Job, Lane, Message, Stage};
use scanyard_queue::{
    ConnectError, Credentials, JetStreamQueue, JetStreamSettings, Queue, Settings, Tls,
};
use scanyard_testkit::RealNats;

fn servers(nats: &RealNats) -> JetStreamSettings {
    JetStreamSettings::new(vec![nats.url()])
}

fn message(id: usize) -> Message {
    let scan_id = Default::default();
    let job = Job::Image(ImageJob { scan_id });
    Message::new(id.to_string(), Lane::Bulk, &job)
}

#[tokio::test]
async fn changed_settings_are_taken_over() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let before = JetStreamQueue::connect(servers(&nats), Settings::default()).await;
    before.unwrap().publish(&[message(1)]).await.unwrap();
    let servers = JetStreamSettings {
        max_messages: 1,
        ..servers(&nats)
    };
    let settings = Settings {
        duplicate_window: Duration::from_secs(60),
        max_dead_letters: 7,
        ..Settings::default()
    };
    let queue = JetStreamQueue::connect(servers, settings).await.unwrap();
    let full = queue.publish(&[message(2)]).await.unwrap_err();
    assert!(full.is_retryable());
    let wait = Duration::from_secs(60);
    let waiting = queue.fetch(Lane::Bulk, Stage::Image, 10, wait).await;
    for delivery in waiting.unwrap() {
        delivery.handle.ack().await.unwrap();
    }
    queue.publish(&[message(2)]).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_does_not_fit_is_a_conflict() {
    let Some(nats) = RealNats::start().await else {
        return;
    };
    let client = async_nats::connect(nats.url()).await.unwrap();
    let foreign = async_nats::jetstream::stream::Config {
        name: "SCANYARD_JOBS".to_owned(),
        subjects: vec!["scanyard.jobs.>".to_owned()],
        ..Default::default()
    };
    let jetstream = async_nats::jetstream::new(client);
    jetstream.create_stream(foreign).await.unwrap();
    let refused = JetStreamQueue::connect(servers(&nats), Settings::default()).await;
    let error = refused.unwrap_err();
    assert!(!error.is_retryable());
    assert!(error.to_string().starts_with("SCANYARD_JOBS"), "{error}");
    let elsewhere = JetStreamSettings {
        prefix: "elsewhere".parse().unwrap(),
        ..servers(&nats)
    };
    JetStreamQueue::connect(elsewhere, Settings::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn tls_needs_a_certificate_that_we_trust() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (certificate, key) = (path("certificate.pem"), path("key.pem"));
    if !make_certificate(&certificate, &key) {
        eprintln!("SKIPPED: openssl is not installed");
        return;
    }
    let files = [&certificate, &key].map(|path| path.to_str().unwrap());
    let arguments = ["--tls", "--tlscert", files[0], "--tlskey", files[1]];
    let Some(nats) = RealNats::start_with(&arguments).await else {
        return;
    };
    let open = async |ca| {
        let servers = JetStreamSettings {
            urls: vec![nats.url().replace("nats://", "tls://")],
            tls: Tls {
                ca,
                ..Tls::default()
            },
            ..servers(&nats)
        };
        JetStreamQueue::connect(servers, Settings::default()).await
    };
    let trusted = open(Some(certificate.clone())).await.unwrap();
    trusted.check().await.unwrap();
    let refused = open(None).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused(_)), "{refused:?}");
}

/// One for this machine's own address.
fn make_certificate(certificate: &Path, key: &Path) -> bool {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "1", "-subj", "/CN=test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn addresses_with_credentials_are_refused() {
    let servers = JetStreamSettings::new(vec!["nats://user:secret@127.0.0.1".to_owned()]);
    let refused = JetStreamQueue::connect(servers, Settings::default()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::CredentialsInAddress));
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn passwords_come_from_files_and_wrong_ones_are_refused() {
    let arguments = ["--user", "scanyard", "--pass", "correct"];
    let Some(nats) = RealNats::start_with(&arguments).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let open = async |password: &str| {
        let password_file = directory.path().join("password");
        std::fs::write(&password_file, password).unwrap();
        let name = "scanyard".to_owned();
        let servers = JetStreamSettings {
            credentials: Credentials::User {
                name,
                password_file,
            },
            ..servers(&nats)
        };
        JetStreamQueue::connect(servers, Settings::default()).await
    };
    open("correct\n").await.unwrap().check().await.unwrap();
    let refused = open("wrong").await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused(_)), "{refused:?}");
}
