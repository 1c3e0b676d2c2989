//! What is refused because it is too much, or cut where it is only for people to read: every bound on what comes in, with
//! how it was chosen.

/// The largest body, in bytes. Tickets have some hundred bytes to a few kilobytes; what is larger belongs in a store,
/// with a reference to it in the ticket.
pub const MESSAGE_SIZE_MAX: usize = 256 * 1024;

/// The deepest nesting of arrays and objects. An envelope needs four; members that are ignored may have some more, and
/// no parser recurses so far that its stack is in danger.
pub const DEPTH_MAX: usize = 32;

/// The longest id of an event, in bytes: it travels as AMQP `correlation_id`, a short string.
pub const EVENT_ID_LENGTH_MAX: usize = 255;

/// The longest source of an event, in bytes. A URI reference; half of what browsers take.
pub const SOURCE_LENGTH_MAX: usize = 1024;

/// The longest type of an event, in bytes: it travels as a routing key, a short string. Ours are far shorter.
pub const TYPE_LENGTH_MAX: usize = 255;

/// The most extension attributes of an envelope. The registered extensions of `CloudEvents` are about a dozen.
pub const EXTENSIONS_MAX: usize = 32;

/// The longest name of an extension attribute, in bytes. `CloudEvents` asks for 20 or fewer.
pub const EXTENSION_NAME_LENGTH_MAX: usize = 64;

/// The longest string in an extension attribute, in bytes: room for a `tracestate` (512) and for most URLs.
pub const EXTENSION_TEXT_LENGTH_MAX: usize = 1024;

/// The longest `traceparent`, in bytes. Version 00 of W3C Trace Context has 55; later versions may append.
pub const TRACEPARENT_LENGTH_MAX: usize = 256;

/// What is kept of a subject, in bytes: a line of an e-mail is at most 998.
pub const SUBJECT_LENGTH_MAX: usize = 1024;

/// What is kept of a reason, note or outcome, in bytes: a screen of text.
pub const NOTE_LENGTH_MAX: usize = 4096;

/// The longest label, in bytes: an agent's name, who gave a ticket away, a customer's id, tier or language.
pub const LABEL_LENGTH_MAX: usize = 256;

/// The most skills that a ticket demands or an agent has.
pub const SKILLS_MAX: usize = 64;

/// The most permissions that a ticket demands.
pub const PERMISSIONS_MAX: usize = 64;

/// The most agents that a ticket excludes: the same that the engine remembers not to ask again.
pub const EXCLUDE_AGENTS_MAX: usize = crate::routing::BARS_MAX;

/// The most roles of an agent, and ranks in them. Generalists of large contact centres have some twenty.
pub const ROLES_MAX: usize = 64;

/// The most tickets of one snapshot of what an agent owns: people own dozens, bots hundreds.
pub const OWNED_TICKETS_MAX: usize = 1000;

/// The most channels that a registration limits or a presence switches.
pub const CHANNELS_MAX: usize = 64;

/// The most attributes of a ticket.
pub const ATTRIBUTES_MAX: usize = 64;

/// The longest string in an attribute, in bytes. All attributes together are bounded by [`MESSAGE_SIZE_MAX`].
pub const ATTRIBUTE_TEXT_LENGTH_MAX: usize = 4096;

/// The highest limit of an agent on a channel: bots hold hundreds, people a handful.
pub const LIMIT_MAX: u32 = 1000;

/// The most capacity units of an agent: a thousand times what an agent has where nothing is said.
pub const CAPACITY_MAX: u32 = 100_000;

/// The most tickets that an agent may be given in an hour, where that is bounded.
pub const PER_HOUR_MAX: u32 = crate::routing::pacing::COUNT_MAX;

/// The last rank in a role.
pub const RANK_MAX: u32 = crate::routing::AgentProfile::RANK_MAX;

/// The longest detail of an [`super::Unreadable`], in bytes.
pub const DETAIL_LENGTH_MAX: usize = 1024;

/// The longest piece of the message that a detail repeats, in bytes: enough to find it.
pub const QUOTE_LENGTH_MAX: usize = 80;
