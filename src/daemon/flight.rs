//! What of the outbox is on its way to the broker: read, sent, confirmed; in order, and of each ticket one at a time.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::broker::Publication;
use crate::journal::{JournalError, JournalReader};

use super::handover::Handover;
use super::outbox::{self, Outgoing, Subject};

/// The most records under way: enough to hide a round trip, few enough that what is abandoned is sent again soon.
const RECORDS_MAX: usize = 512;
/// The most bytes of them, but for a single record that is larger; and of what is read ahead.
const BYTES_MAX: usize = 4 << 20;

/// The outbox from the oldest record that is not confirmed on.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// Read, and not sent; with the ticket that it is about.
    ahead: VecDeque<Outgoing>,
    under_way: VecDeque<UnderWay>,
    /// The tickets that something under way is about.
    subjects: HashSet<Subject, foldhash::fast::FixedState>,
    bytes: usize,
    /// The newest record that was read.
    read_through: u64,
}

#[derive(Debug)]
struct UnderWay {
    publication: Arc<Publication>,
    subject: Option<Subject>,
    sent_at: Instant,
}

/// Which rule of what may be under way together holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Together {
    /// Of each ticket one at most: where the broker refuses one, those behind it have been sent already, and a later
    /// event of its ticket would be heard before it.
    OneOfEachTicket,
    /// A mistake that is made on purpose.
    Whatever,
}

impl Flight {
    /// A flight that goes on behind that record.
    pub(super) fn after(number: u64) -> Self {
        Self { read_through: number, ..Self::default() }
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether more could be sent if more were durable.
    pub(super) fn waits_for_more(&self) -> bool {
        self.ahead.is_empty() && self.has_room()
    }

    /// The next records that may go, oldest first; they count as under way from now on.
    pub(super) fn next(
        &mut self,
        reader: &JournalReader,
        fresh: &Handover<Outgoing>,
        together: Together,
    ) -> Result<Vec<Arc<Publication>>, JournalError> {
        let mut next = Vec::new();
        while self.has_room() {
            if self.ahead.is_empty() {
                self.read(reader, fresh)?;
            }
            let Some((publication, subject)) = self.ahead.pop_front() else { break };
            let is_next = match subject {
                Some(subject) => self.subjects.insert(subject) || together == Together::Whatever,
                None => true,
            };
            if !is_next {
                self.ahead.push_front((publication, subject));
                break;
            }
            self.bytes += publication.body.len();
            next.push(Arc::clone(&publication));
            self.under_way.push_back(UnderWay { publication, subject, sent_at: Instant::now() });
        }
        Ok(next)
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < RECORDS_MAX && self.bytes < BYTES_MAX
    }

    fn read(&mut self, reader: &JournalReader, fresh: &Handover<Outgoing>) -> Result<(), JournalError> {
        let handed_on = fresh.take_from(self.read_through + 1, RECORDS_MAX);
        if !handed_on.is_empty() {
            self.read_through += handed_on.len() as u64;
            self.ahead.extend(handed_on);
            return Ok(());
        }
        for record in reader.outbox_after(self.read_through, RECORDS_MAX, BYTES_MAX)? {
            let publication = outbox::decode(record.number, &record.bytes)?;
            let subject = outbox::subject(&publication);
            self.read_through = record.number;
            self.ahead.push_back((Arc::new(publication), subject));
        }
        Ok(())
    }

    /// So many of the oldest are confirmed, of each of which is told. Says when the first of them was sent.
    pub(super) fn confirm(&mut self, count: usize, told: impl Fn(&Publication, Instant)) -> Option<Instant> {
        let sent_at = self.under_way.front().map(|oldest| oldest.sent_at);
        for done in self.under_way.drain(..count.min(self.under_way.len())) {
            self.bytes -= done.publication.body.len();
            told(&done.publication, done.sent_at);
            if let Some(subject) = done.subject {
                self.subjects.remove(&subject);
            }
        }
        sent_at
    }

    /// What is under way, oldest first.
    pub(super) fn oldest(&self, index: usize) -> Option<&Publication> {
        self.under_way.get(index).map(|under_way| &*under_way.publication)
    }

    /// How many are under way.
    pub(super) fn length(&self) -> usize {
        self.under_way.len()
    }

    /// All that is under way was in vain: it is sent again.
    pub(super) fn abandon(&mut self) {
        while let Some(UnderWay { publication, subject, .. }) = self.under_way.pop_back() {
            self.ahead.push_front((publication, subject));
        }
        self.subjects.clear();
        self.bytes = 0;
    }
}
