//! The connection that hears of new messages in the outbox and of scans that ended.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::announcer::hear;
use crate::notices::Notices;

/// Named by the trigger on the outbox.
const OUTBOX: &str = "scanyard_outbox";
/// Where the announcer tells of scans.
const SCANS: &str = "scanyard_scans";
/// How long to wait before connecting again; everybody goes by timers meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts listening, and passes on what is heard.
    pub(super) fn start(options: PgConnectOptions, filled: Arc<Notify>, notices: Notices) -> Self {
        let task = tokio::spawn(async move {
            loop {
                // The database is away. Whoever needs it says so; here waiting is all there is.
                let _ = listen(&options, &filled, &notices).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { task }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens until the connection is lost.
async fn listen(
    options: &PgConnectOptions,
    filled: &Notify,
    notices: &Notices,
) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen_all([OUTBOX, SCANS]).await?;
    // What came while nobody listened.
    filled.notify_one();
    notices.tell_all();
    while let Some(told) = listener.try_recv().await? {
        match told.channel() {
            SCANS => hear(told.payload(), notices),
            _ => filled.notify_one(),
        }
    }
    Ok(())
}
