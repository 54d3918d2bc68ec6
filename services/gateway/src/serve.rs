//! Serves the router on a socket: bounds on connections, on how slowly a request may arrive, and on
//! how long a stop takes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::AuthMode;
use crate::problem::chain;
use crate::router::{operation_router, router};
use crate::settings::Settings;
use crate::state::Gateway;

/// Pause after the system refuses a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const MAX_HEADER_BYTES: usize = 32 * 1024;
const MAX_STREAMS: u32 = 256;
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Why the gateway cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Everybody who reaches the address would be let in.
    #[error("without API keys the service listens on loopback only, not on {0}")]
    InsecureAddress(std::net::SocketAddr),
    /// The socket does not say where it is.
    #[error("the listening socket cannot be used")]
    Socket(#[from] io::Error),
}

/// Serves until the gateway's shutdown token is cancelled; then lets running requests end, within
/// the settings' bound.
///
/// # Errors
///
/// [`ServeError`], before anything is served.
pub async fn serve(listener: TcpListener, gateway: Gateway) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if gateway.auth() == AuthMode::Insecure && !address.ip().is_loopback() {
        return Err(ServeError::InsecureAddress(address));
    }
    serve_router(listener, gateway.clone(), router(gateway)).await
}

/// Serves only health and metrics, which need no key: for processes of every role.
///
/// # Errors
///
/// [`ServeError`], before anything is served.
pub async fn serve_operation(listener: TcpListener, gateway: Gateway) -> Result<(), ServeError> {
    serve_router(listener, gateway.clone(), operation_router(gateway)).await
}

async fn serve_router(
    listener: TcpListener,
    gateway: Gateway,
    service: Router,
) -> Result<(), ServeError> {
    let settings = gateway.settings().clone();
    let shutdown = gateway.shutdown().clone();
    let server = Server {
        service,
        builder: connection_builder(&settings),
        places: Arc::new(Semaphore::new(settings.max_connections)),
        graceful: GracefulShutdown::new(),
    };
    shutdown
        .run_until_cancelled(server.accept_all(&listener))
        .await;
    drop(listener);
    server.drain(settings.drain_timeout).await;
    Ok(())
}

fn connection_builder(settings: &Settings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(settings.header_timeout);
    builder
}

struct Server {
    service: Router,
    builder: Builder<TokioExecutor>,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Server {
    async fn accept_all(&self, listener: &TcpListener) {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => self.handle(stream, place),
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn handle(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are small and wanted at once; without it they only arrive later.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.service.clone());
        let watcher = self.graceful.watcher();
        tokio::spawn(serve_connection(
            self.builder.clone(),
            stream,
            service,
            watcher,
            place,
        ));
    }

    async fn drain(self, bound: Duration) {
        let open = self.graceful.count();
        if tokio::time::timeout(bound, self.graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(open, "stopped with requests still running");
        }
    }
}

async fn serve_connection(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    service: TowerToHyperService<Router>,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        // The client's doing: it left, was too slow or spoke no HTTP.
        tracing::debug!(error = %error, "connection ended");
    }
    drop(place);
}
