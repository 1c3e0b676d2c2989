//! Work that goes on beside the rest, as a task of its own, and how it ends.

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::telemetry::occurrence::JournalFailed;

use super::DaemonError;

/// Work that goes on beside the rest, and how it ends.
pub(super) struct Work<T> {
    name: &'static str,
    result: oneshot::Receiver<Result<T, DaemonError>>,
}

impl<T: Send + 'static> Work<T> {
    /// The work, to be done by somebody, and the other end of it.
    pub(super) fn new<E: Into<DaemonError>>(
        name: &'static str,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> (Self, BoxFuture<'static, ()>) {
        let (tx, result) = oneshot::channel();
        let work = async move {
            // Nobody listens any more where the process is ending for another reason.
            let _ = tx.send(work.await.map_err(Into::into));
        };
        (Self { name, result }, Box::pin(work))
    }

    /// Waits for the end. Cancel safe.
    pub(super) async fn ended(&mut self) -> Result<T, DaemonError> {
        (&mut self.result).await.map_err(|_| DaemonError::Panicked(self.name))?
    }

    /// The error of work that ended although nobody told it to.
    pub(super) fn failure(&self, ended: Result<T, DaemonError>) -> DaemonError {
        let error = ended.err().unwrap_or(DaemonError::Panicked(self.name));
        if let DaemonError::Journal(cause) = &error {
            JournalFailed { error: &cause.to_string() }.emit();
        }
        error
    }
}
