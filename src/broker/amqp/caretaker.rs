//! Looks after the objects on the broker while the inbox is consumed, and at who else consumes it.
//!
//! What is deleted on a broker says nothing to whoever has used it: of an exchange that is gone, or a binding, only those
//! hear who publish to it. So it is looked for now and then, on a channel of its own: a refusal costs that channel and not
//! the consumer's. A look that fails is made again at its time; if the connection is lost, the consumer knows.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::connection::Connected;
use super::fault::Fault;
use super::topology::{self, Found, Inbox, InboxForm, Names};
use crate::broker::options::{BrokerOptions, TopologyMode};
use crate::broker::status::Observer;

/// Where somebody else is found at the start of the process, the look that makes sure of it comes so soon. A process that was
/// killed just before is not counted any more by then; it had no time to say goodbye.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Lives as long as the consumer's supervisor, over all of its connections, so that nothing is said twice.
pub(super) struct Caretaker {
    options: Arc<BrokerOptions>,
    observer: Arc<dyn Observer>,
    company: Company,
    inbox_form: InboxForm,
    pause: Duration,
    /// Whether a consumer was opened before.
    has_begun: bool,
    /// What is missing and not ours to make, and why the last look failed: as it was said.
    said_missing: Vec<String>,
    said_trouble: Option<String>,
}

impl Caretaker {
    pub(super) fn new(options: Arc<BrokerOptions>, observer: Arc<dyn Observer>) -> Self {
        Self {
            pause: options.look_every,
            options,
            observer,
            company: Company::default(),
            inbox_form: InboxForm::default(),
            has_begun: false,
            said_missing: Vec::new(),
            said_trouble: None,
        }
    }

    /// A consumer was opened, at an inbox that was like that just before.
    pub(super) fn begin(&mut self, inbox: Inbox) {
        self.inbox_form = inbox.form;
        self.observer.inbox_consumers(inbox.consumers + 1);
        self.company.suspect(inbox.consumers);
        let every = self.options.look_every;
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        // Later those are counted too whom the broker still takes for us, until it has missed two heartbeats.
        self.pause = if is_first && inbox.consumers > 0 { every.min(SECOND_LOOK) } else { every };
    }

    /// Looks every so often, as long as the connection is used. Ends with what only a person can mend.
    pub(super) async fn look_after(&mut self, connected: &Connected) -> Fault {
        loop {
            tokio::time::sleep(self.pause).await;
            self.pause = self.options.look_every;
            match topology::look(connected, &self.options, self.inbox_form).await {
                Ok(found) => self.tell(found),
                Err(fault @ Fault::Topology { .. }) => return fault,
                Err(fault) => self.tell_trouble(fault.to_string()),
            }
        }
    }

    fn tell(&mut self, found: Found) {
        let Found { inbox, missing } = found;
        self.said_trouble = None;
        self.inbox_form = inbox.form;
        self.observer.inbox_consumers(inbox.consumers);
        if let Some(others) = self.company.note(inbox.consumers.saturating_sub(1)) {
            self.tell_company(others);
        }
        match self.options.topology {
            TopologyMode::Declare if missing.is_empty() => {}
            TopologyMode::Declare => {
                warn!(objects = missing.join(", "), "objects were missing on the broker, and were made again");
            }
            TopologyMode::Check => self.tell_missing(missing),
        }
    }

    fn tell_missing(&mut self, missing: Vec<String>) {
        if !missing.is_empty() && missing != self.said_missing {
            warn!(objects = missing.join(", "), "objects are missing on the broker, and are not this daemon's to make");
        }
        self.said_missing = missing;
    }

    fn tell_company(&self, others: u32) {
        let inbox = Names::new(&self.options.prefix).inbox;
        if others > 0 {
            warn!(
                inbox,
                others,
                "somebody else consumes the inbox, and each hears a part of the events only: run one daemon for each \
                 amqp.prefix"
            );
        } else {
            info!(inbox, "nobody else consumes the inbox any more");
        }
    }

    fn tell_trouble(&mut self, reason: String) {
        if self.said_trouble.as_ref() != Some(&reason) {
            warn!(reason, "the objects on the broker can't be looked after; trying again");
        }
        self.said_trouble = Some(reason);
    }
}

/// Who else consumes the inbox, as far as it is sure.
///
/// A consumer whose connection was lost, such as our own of before, is counted until the broker has missed its heartbeats.
/// So what is said is what two looks in a row have found.
#[derive(Debug, Default)]
struct Company {
    seen: u32,
    said: u32,
}

impl Company {
    /// So many are there before a consumer of ours is. Says nothing, but counts as a look.
    fn suspect(&mut self, others: u32) {
        self.seen = others;
    }

    /// So many were found; how many that are for sure, where that is news.
    fn note(&mut self, others: u32) -> Option<u32> {
        let sure = self.said.clamp(others.min(self.seen), others.max(self.seen));
        self.seen = others;
        let is_news = sure != self.said;
        self.said = sure;
        is_news.then_some(sure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(looks: &[u32]) -> Vec<Option<u32>> {
        let mut company = Company::default();
        looks.iter().map(|others| company.note(*others)).collect()
    }

    #[test]
    fn somebody_else_is_told_of_once_and_after_two_looks() {
        assert_eq!(said(&[0, 1, 1, 1, 1]), [None, None, Some(1), None, None]);
        assert_eq!(said(&[1, 0, 1, 0]), [None; 4], "our own of before");
        assert_eq!(said(&[1, 1, 2, 2, 1, 1]), [None, Some(1), None, Some(2), None, Some(1)]);
        assert_eq!(said(&[1, 2, 1, 2]), [None, Some(1), None, None]);
    }

    #[test]
    fn that_somebody_has_gone_is_told_of_once_and_after_two_looks() {
        assert_eq!(said(&[1, 1, 0, 0, 0]), [None, Some(1), None, Some(0), None]);
        assert_eq!(said(&[1, 1, 0, 1, 1]), [None, Some(1), None, None, None], "away for a moment");
    }

    #[test]
    fn what_was_there_before_us_counts_as_a_look() {
        let mut company = Company::default();
        company.suspect(1);
        assert_eq!(company.note(1), Some(1));
        company.suspect(2);
        assert_eq!(company.note(1), None, "our own of before is gone");
    }
}
