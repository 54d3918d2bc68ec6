//! A receiver of messages in this process, that keeps them and fails on demand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub body: Bytes,
}

impl Received {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or_default())
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A status, perhaps with `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// Nothing, ever.
    Silence,
}

/// A receiver of messages.
pub struct Receiver {
    address: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    paths: Mutex<HashMap<String, Place>>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Place {
    received: Vec<Received>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
}

impl Receiver {
    /// Listens on a free port of the loopback interface.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            shared,
            server,
        }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers so at this path, one message after another, and then with 204.
    pub fn answer(&self, path: &str, replies: &[Reply]) {
        let mut paths = self.shared.paths();
        let place = paths.entry(path.to_owned()).or_default();
        place.replies = replies.iter().copied().collect();
        place.always = None;
    }

    /// Always answers so at this path.
    pub fn always(&self, path: &str, reply: Reply) {
        let mut paths = self.shared.paths();
        paths.entry(path.to_owned()).or_default().always = Some(reply);
    }

    /// What came at this path.
    pub fn received(&self, path: &str) -> Vec<Received> {
        let paths = self.shared.paths();
        let place = paths.get(path);
        place.map_or(Vec::new(), |place| place.received.clone())
    }

    /// Waits until so many messages came at this path.
    pub async fn wait_for(&self, path: &str, count: usize) -> Vec<Received> {
        let mut changes = self.shared.count.subscribe();
        loop {
            let received = self.received(path);
            if received.len() >= count {
                return received;
            }
            changes.changed().await.unwrap();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn paths(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.paths.lock().unwrap()
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let reply = {
        let mut paths = shared.paths();
        let place = paths.entry(uri.path().to_owned()).or_default();
        place.received.push(Received { headers, body });
        place.always.or_else(|| place.replies.pop_front())
    };
    shared.count.send_modify(|count| *count += 1);
    match reply {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Reply::Silence) => std::future::pending().await,
        Some(Reply::Status(status, retry_after)) => {
            let status = StatusCode::from_u16(status).unwrap();
            match retry_after {
                Some(seconds) => {
                    (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
                }
                None => status.into_response(),
            }
        }
    }
}
