//! The connection that hears of new messages in the outbox.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Named by the trigger on the outbox.
const CHANNEL: &str = "scanyard_outbox";
/// How long to wait before connecting again; relays go by their timer meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts listening; each message that is heard of is noticed once.
    pub(super) fn start(options: PgConnectOptions, filled: Arc<Notify>) -> Self {
        let task = tokio::spawn(async move {
            loop {
                // The database is away. Whoever needs it says so; here waiting is all there is.
                let _ = listen(&options, &filled).await;
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
async fn listen(options: &PgConnectOptions, filled: &Notify) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    // What came while nobody listened.
    filled.notify_one();
    while listener.try_recv().await?.is_some() {
        filled.notify_one();
    }
    Ok(())
}
