//! The single writer: a task that owns a connection and commits operations in groups.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Executor;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::DatabaseError;

/// Operations of one transaction at most, which bounds how long the first of them waits.
const MAX_GROUP: usize = 256;
/// Operations that wait at most; then callers wait before they are let in.
const MAX_WAITING: usize = 1024;

#[derive(Debug, Clone)]
pub(crate) struct Writer {
    operations: mpsc::Sender<Box<dyn Operation>>,
}

impl Writer {
    /// Starts the task. It ends, and closes the connection, when the last clone is gone.
    pub(crate) fn start(mut connection: SqliteConnection) -> Self {
        let (operations, mut waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(MAX_GROUP);
            while waiting.recv_many(&mut group, MAX_GROUP).await > 0 {
                commit_group(&mut connection, &mut group).await;
            }
            crate::close(connection).await;
        });
        Self { operations }
    }

    pub(crate) async fn run<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let call = Call {
            operation: Some(operation),
            outcome: None,
            answer,
        };
        self.operations
            .send(Box::new(call))
            .await
            .map_err(|_| DatabaseError::Closed)?;
        outcome.await.map_err(|_| DatabaseError::Closed)?
    }
}

/// What the writer sees of a call, whatever its types are.
trait Operation: Send {
    /// Runs it and keeps its outcome; whether it is to be committed.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;

    /// Answers the caller after the transaction ended, one way or the other.
    fn answer(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct Call<F, T, E> {
    operation: Option<F>,
    outcome: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Operation for Call<F, T, E>
where
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            if let Some(operation) = self.operation.take() {
                self.outcome = Some(operation(connection).await);
            }
            matches!(self.outcome, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), DatabaseError>) {
        let outcome = match (self.outcome, committed) {
            (Some(Ok(_)) | None, Err(error)) => Err(error.into()),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(DatabaseError::Closed.into()),
        };
        // A caller that went away needs no answer.
        let _ = self.answer.send(outcome);
    }
}

async fn commit_group(connection: &mut SqliteConnection, group: &mut Vec<Box<dyn Operation>>) {
    let committed = run_group(connection, group).await;
    if committed.is_err() {
        // Fails when SQLite has rolled back by itself, as it does when the disk is full.
        let _ = connection.execute("ROLLBACK").await;
    }
    let committed = committed.map_err(|error| DatabaseError::Unavailable(Arc::new(error)));
    for operation in group.drain(..) {
        operation.answer(committed.clone());
    }
}

/// Each operation has its own savepoint: one that fails takes nothing with it.
async fn run_group(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Operation>],
) -> Result<(), sqlx::Error> {
    connection.execute("BEGIN IMMEDIATE").await?;
    for operation in group {
        connection.execute("SAVEPOINT operation").await?;
        if !operation.run(connection).await {
            connection.execute("ROLLBACK TO operation").await?;
        }
        connection.execute("RELEASE operation").await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}
