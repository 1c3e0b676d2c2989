//! A catalogue that comes into force without HTTP, in the audit log: that it is about to, and how that ended, as what is
//! asked for over HTTP is written down there. What can't be written down does not come into force.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::config;
use crate::records::RecordsError;
use crate::records::audit::{AuditLog, Deed};
use crate::routing::Catalogue;

use super::Host;

/// Why a catalogue comes into force of which nobody said anything over HTTP. It stands in the log as who did it: whoever sent a
/// signal or started a process is not known. No token has such a name, for it has a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// `SIGHUP`.
    Signal,
    /// A start on a journal that knew another catalogue.
    Start,
}

impl Occasion {
    const fn who(self) -> &'static str {
        match self {
            Self::Signal => "signal:SIGHUP",
            Self::Start => "daemon:start",
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Signal => "reload",
            Self::Start => "start",
        }
    }
}

/// Whoever writes it down. Clones write to the same log.
#[derive(Clone)]
pub(super) struct Scribe {
    pub(super) host: Arc<dyn Host>,
    /// None where nothing is kept beside the journal.
    pub(super) log: Option<Arc<AuditLog>>,
}

/// What is written down as begun, and not yet as ended.
pub(super) struct Begun(Option<Deed>);

impl Begun {
    /// Of which nothing is written down.
    pub(super) const fn nothing() -> Self {
        Self(None)
    }
}

/// What became of a catalogue, with the status that HTTP would have answered.
pub(super) enum Ending {
    /// It is in force.
    InForce,
    /// It can't be read, or can't be used: 422.
    Unusable(String),
    /// Something hangs on what it takes out: 409.
    InUse(String),
    /// The process ends before it is known: 503.
    Unknown,
}

impl Scribe {
    /// Writes down that a catalogue of that file is about to replace the one in force.
    ///
    /// # Errors
    /// Where that can't be made durable: then it must not be done.
    pub(super) async fn begin(
        &self,
        occasion: Occasion,
        file: Option<&Path>,
        change: Option<(&Catalogue, &Catalogue)>,
    ) -> Result<Begun, RecordsError> {
        let Some(log) = &self.log else { return Ok(Begun::nothing()) };
        let file = file.map(|file| format!(" {}", file.display())).unwrap_or_default();
        let found = change.map(|(old, new)| json!({ "differences": config::differences(old, new) }));
        let what = format!("{}{file}", occasion.verb());
        let deed = Deed { who: occasion.who().to_owned(), what, asked: found, ..Deed::default() };
        let ends = self.append(log, deed.clone()).await?;
        let (before, after) = change.map(|(old, new)| config::changed_tables(old, new)).unwrap_or_default();
        let told = |tables: Value| Some(tables).filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
        Ok(Begun(Some(Deed { asked: None, before: told(before), after: told(after), ends, ..deed })))
    }

    /// Writes down how it ended. It has, whether or not that can be written.
    pub(super) async fn end(&self, Begun(deed): Begun, ending: Ending) {
        let (Some(log), Some(deed)) = (&self.log, deed) else { return };
        let refused = |status, why: String| Deed {
            status: Some(status),
            after: Some(json!({ "refused": why })),
            before: None,
            ..deed.clone()
        };
        let deed = match ending {
            Ending::InForce => Deed { status: Some(200), ..deed },
            Ending::Unusable(why) => refused(422, why),
            Ending::InUse(why) => refused(409, why),
            Ending::Unknown => Deed { status: Some(503), before: None, after: None, ..deed },
        };
        if let Err(error) = self.append(log, deed).await {
            tracing::error!(%error, "what became of a catalogue can't be written into the audit log");
        }
    }

    /// Adds an entry beside the caller, who must be in a runtime; its number, once it is durable.
    async fn append(&self, log: &Arc<AuditLog>, deed: Deed) -> Result<Option<u64>, RecordsError> {
        let (log, now) = (Arc::clone(log), self.host.now());
        let (tx, written) = oneshot::channel();
        self.host.on_pool(Box::new(move || {
            // Whoever waits may have been given up, at the end of a drain.
            let _ = tx.send(log.append(vec![deed], now));
        }));
        let numbers = written.await.expect("appending does not panic");
        numbers.map(|numbers| numbers.first().copied())
    }
}
