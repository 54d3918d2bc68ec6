//! The little that needs a socket.

use std::net::SocketAddr;
use std::time::Duration;

use scanyard_gateway::{AuthMode, ServeError, Settings, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{TestGateway, quick_settings};

async fn listen(gateway: &TestGateway) -> (SocketAddr, JoinHandle<Result<(), ServeError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, gateway.gateway.clone()));
    (address, server)
}

/// Reads until the text is there; panics when the connection ends without it.
async fn read_until(stream: &mut TcpStream, text: &str) {
    let mut read = String::new();
    while !read.contains(text) {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended after {read}");
        read.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}

#[tokio::test]
async fn a_stop_ends_open_event_streams_and_then_the_server() {
    let gateway = TestGateway::start_with(AuthMode::Insecure, quick_settings()).await;
    let (address, server) = listen(&gateway).await;
    let scan = gateway.submit("", "alpine").await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/scans/{}/events HTTP/1.1\r\nhost: x\r\n\r\n",
        scan.0
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, "event: progress").await;
    gateway.shutdown.cancel();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_sends_its_head_too_slowly_is_left() {
    let settings = Settings {
        header_timeout: Duration::from_millis(50),
        ..quick_settings()
    };
    let gateway = TestGateway::start_with(AuthMode::Insecure, settings).await;
    let (address, _server) = listen(&gateway).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn without_keys_only_loopback_is_served() {
    let gateway = TestGateway::start_with(AuthMode::Insecure, quick_settings()).await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve(listener, gateway.gateway.clone()).await;
    assert!(matches!(refused, Err(ServeError::InsecureAddress(_))));
}
