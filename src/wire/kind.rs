//! The types of event that upstream may send (`docs/events.md#what-comes-in`): what `type` says, and a bounded label for metrics.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal)+) => {
        /// The type of an inbound event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)+
        }

        impl EventKind {
            /// All of them, in the order of `docs/events.md#what-comes-in`.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$kind),+];

            /// As the envelope's `type` spells it; also the label of metrics.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)+
                }
            }

            /// The kind that this `type` names, if any. Letters count as they are.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$kind),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// Work came in.
    TicketCreated = "ticket.created"
    /// Upstream knows more, or something else, of a ticket.
    TicketUpdated = "ticket.updated"
    /// The customer withdrew.
    TicketCancelled = "ticket.cancelled"
    /// An agent takes an offer.
    TicketAccepted = "ticket.accepted"
    /// An agent refuses an offer.
    TicketDeclined = "ticket.declined"
    /// The work is done.
    TicketCompleted = "ticket.completed"
    /// The work is handed over.
    TicketTransferred = "ticket.transferred"
    /// The work goes back to its queue.
    TicketReleased = "ticket.released"
    /// The customer is waited for.
    TicketPaused = "ticket.paused"
    /// The customer is back.
    TicketResumed = "ticket.resumed"
    /// An agent asks for work.
    TicketClaimed = "ticket.claimed"
    /// An agent has taken a ticket by hand.
    TicketTaken = "ticket.taken"
    /// The owner has replied to the customer.
    TicketReplied = "ticket.replied"
    /// A call waits.
    CallQueued = "call.queued"
    /// An agent picked up.
    CallAnswered = "call.answered"
    /// An agent did not take the call.
    CallRejected = "call.rejected"
    /// The caller hung up before anybody answered.
    CallAbandoned = "call.abandoned"
    /// The call is over.
    CallEnded = "call.ended"
    /// An agent is known, or known anew.
    AgentRegistered = "agent.registered"
    /// An agent is known no longer.
    AgentRemoved = "agent.removed"
    /// An agent came, went, or switched channels.
    AgentPresence = "agent.presence"
    /// An agent's desktop is alive.
    AgentHeartbeat = "agent.heartbeat"
    /// All that an agent owns, as the helpdesk says.
    AgentReconciled = "agent.reconciled"
    /// An agent is ready again.
    WrapUpFinished = "wrap_up.finished"
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn every_kind_parses_from_its_own_spelling() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("Ticket.Created"), None);
        assert_eq!(EventKind::parse(""), None);
    }
}
