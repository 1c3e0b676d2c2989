//! Entries, batches and journals to try things on.

use std::path::Path;

use rolecall::journal::{
    Batch, DuplicateId, Entry, Journal, JournalOptions, JournalReader, Opened, OutboxRecord, RedbJournal,
    SnapshotReport, open,
};
use rolecall::routing::event::Intake;
use rolecall::routing::ticket::Demand;
use rolecall::routing::{
    AgentId, AgentProfile, ChannelName, Command, Event, Rejection, RejectionCode, RoleName, State, TicketId,
    TicketSpec, Timestamp,
};
use tempfile::TempDir;

/// Of a log that holds what most tests append, and is read in no time.
pub(crate) const LOG_BYTES: u64 = 512 << 10;

/// Options under which nothing happens by itself.
pub(crate) fn options() -> JournalOptions {
    JournalOptions { cache_bytes: 1 << 20, log_bytes: LOG_BYTES, ..JournalOptions::default() }
}

/// A directory in memory where the system has one: for tests that open a journal thousands of times.
pub(crate) fn quick_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

/// How far apart the bytes are of which a bit is flipped: `make storage-campaign` flips one of every byte.
pub(crate) fn flip_stride(default: usize) -> usize {
    std::env::var("ROLECALL_FLIP_STRIDE").map_or(default, |text| text.parse().expect("a number"))
}

pub(crate) fn opened(path: &Path) -> Opened {
    open(path, &options()).expect("the journal opens")
}

/// An entry of two events that follow from any state: a ticket is created, and something is refused.
pub(crate) fn ticket_entry(first_seq: u64) -> Entry {
    let ticket = TicketId::parse(&format!("ticket-{first_seq}")).expect("a name");
    let role = RoleName::parse("billing").expect("a name");
    let mut spec = TicketSpec::on(ChannelName::parse("email").expect("a name"));
    spec.beside.subject = Some("My invoice of last month names the wrong company".to_owned());
    let at = Timestamp(1_000 * i64::try_from(first_seq).expect("a small number"));
    let demand = Demand { roles: vec![role], ..Demand::default() }.into();
    let intake = Box::new(Intake { spec: spec.clone().into(), demand, created_at: at, due_at: None });
    let rejection = Rejection { code: RejectionCode::UnknownTicket, detail: "no such ticket".to_owned() };
    Entry {
        first_seq,
        at,
        command: Command::CreateTicket { ticket: ticket.clone(), spec: Box::new(spec) },
        events: vec![
            Event::TicketCreated { ticket: ticket.clone(), intake },
            Event::CommandRejected { rejection, ticket: Some(ticket), agent: None },
        ],
    }
}

/// An entry of one event that follows from any state: an agent is registered.
pub(crate) fn agent_entry(first_seq: u64) -> Entry {
    let agent = AgentId::parse(&format!("agent-{first_seq}")).expect("a name");
    let profile = Box::new(AgentProfile::of_roles([RoleName::parse("billing").expect("a name")]));
    Entry {
        first_seq,
        at: Timestamp(1_000 * i64::try_from(first_seq).expect("a small number")),
        command: Command::RegisterAgent { agent: agent.clone(), profile: profile.clone() },
        events: vec![Event::AgentRegistered { agent, profile }],
    }
}

pub(crate) fn duplicate(number: u64) -> DuplicateId {
    let mut id = [0x5a; 16];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    DuplicateId(id)
}

/// Makes batches whose numbers follow one another, and knows what they add up to.
pub(crate) struct Writer {
    pub(crate) journal: RedbJournal,
    pub(crate) reader: JournalReader,
    pub(crate) next_seq: u64,
    pub(crate) outbox_next: u64,
    pub(crate) entries: Vec<Entry>,
}

impl Writer {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened { journal, reader } = opened;
        let usage = reader.usage();
        Self { journal, next_seq: usage.next_seq, outbox_next: usage.outbox_last + 1, reader, entries: Vec::new() }
    }

    /// The next batch of so many entries, each with its outbox record and id.
    pub(crate) fn batch(&mut self, entries: usize) -> Batch {
        let mut batch = Batch::default();
        for place in 0..entries {
            let entry = if place % 3 == 0 { agent_entry(self.next_seq) } else { ticket_entry(self.next_seq) };
            batch.at = entry.at;
            batch.duplicates.push(duplicate(entry.first_seq));
            batch.outbox.push(OutboxRecord { number: self.outbox_next, bytes: outbox_bytes(self.outbox_next) });
            self.outbox_next += 1;
            self.next_seq = entry.next_seq();
            batch.entries.push(entry);
        }
        self.entries.extend(batch.entries.iter().cloned());
        batch
    }

    pub(crate) fn append(&mut self, entries: usize) {
        let batch = self.batch(entries);
        self.journal.append(&batch).expect("the batch is appended");
    }

    /// The database gets what the log has.
    pub(crate) fn checkpoint(&self) {
        self.reader.checkpoint().expect("the database is written");
    }

    /// The state that the entries add up to.
    pub(crate) fn state(&self) -> State {
        let mut state = State::new(self.reader.identity());
        for entry in &self.entries {
            entry.events.iter().for_each(|event| state.apply(entry.at, event));
        }
        state
    }
}

/// Takes a snapshot of what is durable.
pub(crate) fn take_snapshot(reader: &JournalReader, now: Timestamp) -> Option<SnapshotReport> {
    let state = reader.recover().expect("the journal recovers").state;
    reader.take_snapshot(state.freeze(), now).expect("the snapshot is taken")
}

pub(crate) fn outbox_bytes(number: u64) -> Vec<u8> {
    format!("outbox record {number}").repeat(4).into_bytes()
}

pub(crate) fn entries(reader: &JournalReader) -> Vec<Entry> {
    let all = reader.entries_from(1).expect("the entries are found");
    all.collect::<Result<_, _>>().expect("the entries are read")
}
