//! Why the chronicle can't be read or written.

/// Why the chronicle can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the chronicle can't {action}")]
pub struct ChronicleError {
    action: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl ChronicleError {
    pub(super) fn of<E: Into<Box<dyn std::error::Error + Send + Sync>>>(action: &'static str) -> impl Fn(E) -> Self {
        move |error| Self { action, source: error.into() }
    }
}
