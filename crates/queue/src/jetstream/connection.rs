//! The connection to the servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use tokio::sync::Notify;

use super::settings::{ConnectError, Credentials, JetStreamSettings};
use crate::QueueError;

/// How often the connection is tried: one that was cut without a word is noticed after two.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A connection that comes back by itself.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) jetstream: Context,
    pub(super) client: Client,
    /// Woken whenever the connection is there again.
    pub(super) connected: Arc<Notify>,
    pub(super) timeout: Duration,
}

impl Connection {
    pub(super) async fn open(settings: &JetStreamSettings) -> Result<Self, ConnectError> {
        if settings.urls.iter().any(|url| url.contains('@')) {
            return Err(ConnectError::CredentialsInAddress);
        }
        let connected = Arc::new(Notify::new());
        let options = options(settings, Arc::clone(&connected)).await?;
        // Once for each server, and once for their names.
        let tries = u32::try_from(settings.urls.len() + 1).unwrap_or(u32::MAX);
        let bound = settings.timeout.saturating_mul(tries);
        let client = tokio::time::timeout(bound, options.connect(settings.urls.as_slice()))
            .await
            .map_err(|late| ConnectError::Unavailable(Box::new(late)))?
            .map_err(connect_error)?;
        let jetstream = ContextBuilder::new()
            .timeout(settings.timeout)
            .ack_timeout(settings.timeout)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Self {
            jetstream,
            client,
            connected,
            timeout: settings.timeout,
        })
    }

    /// What the server answers, in good time.
    pub(super) async fn ask<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, QueueError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        // The library waits without a bound to hand a request to a connection that is down.
        tokio::time::timeout(self.timeout, work)
            .await
            .map_err(unavailable)?
            .map_err(unavailable)
    }
}

pub(super) fn unavailable(
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> QueueError {
    QueueError::Unavailable(cause.into())
}

async fn options(
    settings: &JetStreamSettings,
    connected: Arc<Notify>,
) -> Result<ConnectOptions, ConnectError> {
    let mut options = ConnectOptions::new()
        .name("scanyard")
        .connection_timeout(settings.timeout)
        .request_timeout(Some(settings.timeout))
        .ping_interval(PING_INTERVAL)
        .require_tls(settings.tls.is_required)
        .event_callback(move |event| {
            let connected = Arc::clone(&connected);
            async move {
                if matches!(event, Event::Connected) {
                    connected.notify_waiters();
                }
            }
        });
    if let Some(ca) = &settings.tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some(identity) = &settings.tls.identity {
        options =
            options.add_client_certificate(identity.certificate.clone(), identity.key.clone());
    }
    match &settings.credentials {
        Credentials::Anonymous => Ok(options),
        Credentials::File(path) => {
            let text = read_secret(path).await?;
            options
                .credentials(&text)
                .map_err(|source| ConnectError::File {
                    path: path.clone(),
                    source,
                })
        }
        Credentials::User {
            name,
            password_file,
        } => {
            let password = read_secret(password_file).await?;
            Ok(options.user_and_password(name.clone(), password))
        }
        Credentials::TokenFile(path) => Ok(options.token(read_secret(path).await?)),
    }
}

/// Without the line end that editors leave.
async fn read_secret(path: &Path) -> Result<String, ConnectError> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|source| ConnectError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn connect_error(error: async_nats::ConnectError) -> ConnectError {
    match error.kind() {
        ConnectErrorKind::Authentication
        | ConnectErrorKind::AuthorizationViolation
        | ConnectErrorKind::Tls
        | ConnectErrorKind::ServerParse => ConnectError::Refused(Box::new(error)),
        ConnectErrorKind::Io if is_bad_certificate(&error) => {
            ConnectError::Refused(Box::new(error))
        }
        ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects => ConnectError::Unavailable(Box::new(error)),
    }
}

/// What goes wrong in the TLS handshake comes as an input error.
fn is_bad_certificate(error: &async_nats::ConnectError) -> bool {
    let source = std::error::Error::source(error);
    let input = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    input.is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData)
}
