//! Mistakes that can be made on purpose: whoever looks for mistakes has to show that these are found.
//!
//! Each stands for one that a change to the pipeline could bring. A release build has none of them.

/// One way to get the pipeline wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// Inputs are acknowledged before their batch is appended.
    AcknowledgedBeforeAppend,
    /// Who submits over HTTP is answered before the batch is appended.
    AnsweredBeforeAppend,
    /// An append that failed is passed over, and the next batch is taken.
    FailedAppendPassedOver,
    /// The cursor moves when a window is sent, not when it is confirmed.
    CursorBeforeConfirm,
    /// The journal is told that everything durable has been published.
    CursorJournaledAhead,
    /// What came back because no queue was bound for it counts as sent.
    ReturnedCountsAsSent,
    /// What the broker refused counts as sent.
    RefusedCountsAsSent,
    /// A window is cut by number and size alone, so that two events of one ticket can share it.
    TicketTwiceInAWindow,
    /// A window is sent from its end to its beginning.
    WindowBackwards,
    /// The ids of inbound events are not journaled: a restart forgets them.
    DuplicatesForgotten,
    /// Only the batch that fills is looked at when an event comes again.
    DuplicatesOfTheBatchOnly,
    /// What is published is stamped when it is sent: a repeat has the old id and other properties.
    RepeatsStampedAnew,
    /// Events that can't be read are acknowledged and forgotten.
    UnreadableForgotten,
    /// A drain ends without its last batch.
    LastBatchLeftOut,
    /// Delivery tags are taken to count on when the connection has been lost.
    EpochIgnored,
    /// That an offer has run out is not told.
    ExpiryNotTold,
    /// Agents get twice the limits that they were registered with.
    LimitsDoubled,
}

/// The mistake that is made, if any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planted(Option<Mistake>);

impl Planted {
    /// Makes this mistake.
    #[must_use]
    pub fn of(mistake: Mistake) -> Self {
        Self(Some(mistake))
    }

    /// Whether this mistake is made. Never in a release build, where the compiler takes out what hangs on it.
    pub(super) fn is(self, mistake: Mistake) -> bool {
        cfg!(debug_assertions) && self.0 == Some(mistake)
    }
}
