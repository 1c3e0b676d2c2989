//! The database, and how events are taken in.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, TableError,
    TableHandle,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cell::Cell;
use super::clock::{AgentClock, Stretch, by_hour, hour};
use super::error::ChronicleError;
use super::forgetting::{PLACES, Retention, forget_histories, forget_sums};
use super::spell::{History, Spell};
use crate::archive::{Archive, Record, put};
use crate::files::{make_private_directory, private};
use crate::leisure::{Restful, rest_where_due};
use crate::overlay::Overlay;
use crate::routing::event::{Event, Held, Taking};
use crate::routing::offer::RevokeCause;
use crate::routing::ticket::Closing;
use crate::routing::{AgentId, ChannelName, RoleName, TicketId, Timestamp};

/// What is kept of it in memory: the hours and tickets of now. Where nothing else is said the library keeps up to 1 GiB.
const CACHE_BYTES: usize = 32 << 20;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const CELLS: TableDefinition<'_, (i64, &str), &[u8]> = TableDefinition::new("cells");
const TICKETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("tickets");
pub(super) const AGENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("agents");

/// What stands before the names of these tables in an archive.
const ARCHIVED: &str = "chronicle-";

fn archived(table: &impl TableHandle) -> String {
    format!("{ARCHIVED}{}", table.name())
}

/// What the counts stand for, by which an older database is told; it is then made anew.
const VERSION: u64 = 1;

/// Between the parts of a cell's name: no name has a control character.
pub(super) const BETWEEN: char = '\u{1f}';

/// The sums, and whoever owned which ticket. Clones are the same.
#[derive(Debug, Clone)]
pub struct Chronicle {
    pub(super) database: Arc<Database>,
    retention: Retention,
}

/// What followed from one command.
#[derive(Debug, Clone)]
pub struct Told {
    /// The number of the first event.
    pub first_seq: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub events: Vec<Event>,
}

pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("it has no values that MessagePack lacks")
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ChronicleError> {
    rmp_serde::from_slice(bytes).map_err(ChronicleError::of("read what it wrote"))
}

impl Chronicle {
    /// The file, beside the journal.
    pub const FILE: &str = "chronicle.redb";

    /// The one beside the journal in that directory, of that instance of the engine.
    ///
    /// # Errors
    /// Where there can be none.
    pub fn open(directory: &Path, instance: u64) -> Result<Self, ChronicleError> {
        make_private_directory(directory).map_err(ChronicleError::of::<io::Error>("make its directory"))?;
        let file = private().read(true).write(true).create(true).truncate(false).open(directory.join(Self::FILE));
        let file = file.map_err(ChronicleError::of("open its database"))?;
        let file = FileBackend::new(file).map_err(ChronicleError::of("open its database"))?;
        Self::open_with_backend(Restful(file), instance)
    }

    /// As [`Self::open`], on storage of any kind.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with_backend(storage: impl StorageBackend, instance: u64) -> Result<Self, ChronicleError> {
        wary_of_panics(|| {
            let chronicle = Self::of(storage)?;
            chronicle.begin(instance)?;
            Ok(chronicle)
        })
    }

    /// The one beside the journal in that directory, to look into it: the file stays as it is, and what an unclean end left to
    /// be repaired is repaired in memory. `None` where there is none of that instance of the engine.
    ///
    /// # Errors
    /// Where it can't be read, or is of another version, by which a daemon of this one would begin anew.
    pub fn open_to_look(directory: &Path, instance: u64) -> Result<Option<Self>, ChronicleError> {
        let file = match Overlay::open(&directory.join(Self::FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(ChronicleError::of("be opened"))?,
        };
        wary_of_panics(|| {
            let chronicle = Self::of(file)?;
            match chronicle.signature()? {
                Some((found, VERSION)) if found == instance => Ok(Some(chronicle)),
                Some((found, version)) if found == instance => {
                    let why = format!("it has version {version}, and this program reads version {VERSION}");
                    Err(ChronicleError::of("be read")(why))
                }
                _ => Ok(None),
            }
        })
    }

    /// Instance and version that it says it is of; `None` where nothing was ever written.
    fn signature(&self) -> Result<Option<(u64, u64)>, ChronicleError> {
        let transaction = self.database.begin_read().map_err(ChronicleError::of("be read"))?;
        let meta = match transaction.open_table(META) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            opened => opened.map_err(ChronicleError::of("be read"))?,
        };
        let number = |name: &str| -> Result<Option<u64>, ChronicleError> {
            Ok(meta.get(name).map_err(ChronicleError::of("be read"))?.map(|value| value.value()))
        };
        Ok(number("instance")?.zip(number("version")?))
    }

    fn of(storage: impl StorageBackend) -> Result<Self, ChronicleError> {
        let database = Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(storage);
        let database = Arc::new(database.map_err(ChronicleError::of("open its database"))?);
        Ok(Self { database, retention: Retention::default() })
    }

    /// The same, where what is kept is kept for so long. What is older already goes little by little.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// Begins anew where what is there is of another engine or version.
    fn begin(&self, instance: u64) -> Result<(), ChronicleError> {
        let transaction = self.database.begin_write().map_err(ChronicleError::of("begin"))?;
        {
            let mut meta = transaction.open_table(META).map_err(ChronicleError::of("begin"))?;
            let known = |meta: &redb::Table<'_, &str, u64>, name: &str| -> Result<Option<u64>, ChronicleError> {
                Ok(meta.get(name).map_err(ChronicleError::of("begin"))?.map(|value| value.value()))
            };
            let is_ours = known(&meta, "instance")? == Some(instance) && known(&meta, "version")? == Some(VERSION);
            if !is_ours {
                for (name, value) in [("instance", instance), ("version", VERSION), ("through", 0)] {
                    meta.insert(name, value).map_err(ChronicleError::of("begin"))?;
                }
                transaction.delete_table(CELLS).map_err(ChronicleError::of("begin"))?;
                transaction.delete_table(TICKETS).map_err(ChronicleError::of("begin"))?;
                transaction.delete_table(AGENTS).map_err(ChronicleError::of("begin"))?;
                transaction.delete_table(PLACES).map_err(ChronicleError::of("begin"))?;
            }
            transaction.open_table(CELLS).map_err(ChronicleError::of("begin"))?;
            transaction.open_table(TICKETS).map_err(ChronicleError::of("begin"))?;
            transaction.open_table(AGENTS).map_err(ChronicleError::of("begin"))?;
        }
        transaction.commit().map_err(ChronicleError::of("begin"))
    }

    /// Writes all of it into an archive, as it is now.
    ///
    /// # Errors
    /// Where it can't be read or the archive can't be written.
    pub fn copy_to(&self, archive: &mut Archive<impl Write>) -> io::Result<()> {
        let transaction = self.database.begin_read().map_err(io::Error::other)?;
        let open = |error: redb::TableError| io::Error::other(error);
        archive.table(&archived(&CELLS), &transaction.open_table(CELLS).map_err(open)?)?;
        archive.table(&archived(&TICKETS), &transaction.open_table(TICKETS).map_err(open)?)?;
        archive.table(&archived(&AGENTS), &transaction.open_table(AGENTS).map_err(open)?)?;
        archive.table(&archived(&META), &transaction.open_table(META).map_err(open)?)
    }

    /// Whether a record of an archive is of a chronicle.
    #[must_use]
    pub fn is_of_one(record: &Record) -> bool {
        record.table.starts_with(ARCHIVED)
    }

    /// Puts records of an archive in, under the instance and version that it has.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn put_back(&self, records: &[Record]) -> Result<(), ChronicleError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            {
                let mut cells = transaction.open_table(CELLS)?;
                let mut tickets = transaction.open_table(TICKETS)?;
                let mut agents = transaction.open_table(AGENTS)?;
                let mut numbers = transaction.open_table(META)?;
                for record in records {
                    match record.table.as_str() {
                        of if of == archived(&CELLS) => put(&mut cells, record)?,
                        of if of == archived(&TICKETS) => put(&mut tickets, record)?,
                        of if of == archived(&AGENTS) => put(&mut agents, record)?,
                        of if of == archived(&META) && record.key == b"through" => put(&mut numbers, record)?,
                        _ => {}
                    }
                }
            }
            Ok(transaction.commit()?)
        };
        write().map_err(ChronicleError::of("write the copy"))
    }

    /// The number of the last event that is in it.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn through(&self) -> Result<u64, ChronicleError> {
        through(&self.database.begin_read().map_err(ChronicleError::of("be read"))?)
    }

    /// The journal goes on with that event. Where it has lost what followed (somebody has taken its mark away, to go on without),
    /// the numbers of what is lost are given again: what was counted of that stays counted, and what comes under them is counted
    /// as well. Who is online and at work is then known again with what they do next. Says how many events are lost.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn go_back_to(&self, next_seq: u64) -> Result<u64, ChronicleError> {
        let lost = (self.through()? + 1).saturating_sub(next_seq);
        if lost > 0 {
            let transaction = self.database.begin_write().map_err(ChronicleError::of("go back"))?;
            let through = next_seq.saturating_sub(1);
            let mut meta = transaction.open_table(META).map_err(ChronicleError::of("go back"))?;
            meta.insert("through", through).map_err(ChronicleError::of("go back"))?;
            drop(meta);
            transaction.delete_table(AGENTS).map_err(ChronicleError::of("go back"))?;
            transaction.open_table(AGENTS).map_err(ChronicleError::of("go back"))?;
            transaction.commit().map_err(ChronicleError::of("go back"))?;
        }
        Ok(lost)
    }

    /// Who owned a ticket; `None` of one of which nothing is known, or that ended so long ago that it is forgotten.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn history(&self, ticket: &TicketId) -> Result<Option<History>, ChronicleError> {
        let transaction = self.database.begin_read().map_err(ChronicleError::of("be read"))?;
        let tickets = transaction.open_table(TICKETS).map_err(ChronicleError::of("be read"))?;
        let found = tickets.get(ticket.as_str()).map_err(ChronicleError::of("be read"))?;
        found.map(|bytes| decode(bytes.value())).transpose()
    }

    /// Takes in what happened, in its order; what it has already is passed over.
    ///
    /// # Errors
    /// Where it can't be written: then nothing of it is in it.
    pub fn take(&self, told: &[Told]) -> Result<(), ChronicleError> {
        let Some(now) = told.last().map(|told| told.at) else { return Ok(()) };
        let transaction = self.database.begin_write().map_err(ChronicleError::of("write"))?;
        {
            let mut meta = transaction.open_table(META).map_err(ChronicleError::of("write"))?;
            let through = meta.get("through").map_err(ChronicleError::of("write"))?.map_or(0, |value| value.value());
            let tickets = transaction.open_table(TICKETS).map_err(ChronicleError::of("write"))?;
            let agents = transaction.open_table(AGENTS).map_err(ChronicleError::of("write"))?;
            let mut taking =
                Intake { tickets, agents, cells: BTreeMap::new(), histories: BTreeMap::new(), clocks: BTreeMap::new() };
            let mut last = through;
            for Told { first_seq, at, events } in told {
                rest_where_due();
                for (seq, event) in (*first_seq..).zip(events).filter(|(seq, _)| *seq > through) {
                    taking.count(*at, event)?;
                    last = seq;
                }
            }
            let mut cells = transaction.open_table(CELLS).map_err(ChronicleError::of("write"))?;
            let sums = taking.cells.len();
            let (mut tickets, histories) = taking.write(&mut cells)?;
            let places = transaction.open_table(PLACES).map_err(ChronicleError::of("write"))?;
            forget_histories(&mut tickets, places, histories, now - self.retention.histories)?;
            forget_sums(&mut cells, sums, now - self.retention.sums)?;
            meta.insert("through", last).map_err(ChronicleError::of("write"))?;
        }
        transaction.commit().map_err(ChronicleError::of("write"))
    }
}

/// Opens it, and takes a panic for damage: the database trusts its pages, and may panic over one that is not what it wrote.
/// While the stack unwinds it writes nothing.
fn wary_of_panics<T>(open: impl FnOnce() -> Result<T, ChronicleError>) -> Result<T, ChronicleError> {
    let damaged = "its database is damaged: remove the file, and it is made anew from what the journal still holds";
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| Err(ChronicleError::of("be opened")(damaged)))
}

/// The number of the last event that is in what this sees.
pub(super) fn through(transaction: &ReadTransaction) -> Result<u64, ChronicleError> {
    let meta = transaction.open_table(META).map_err(ChronicleError::of("be read"))?;
    Ok(meta.get("through").map_err(ChronicleError::of("be read"))?.map_or(0, |value| value.value()))
}

/// What is being taken in, until it is written.
struct Intake<'t> {
    tickets: redb::Table<'t, &'static str, &'static [u8]>,
    agents: redb::Table<'t, &'static str, &'static [u8]>,
    cells: BTreeMap<(i64, String), Cell>,
    histories: BTreeMap<TicketId, History>,
    clocks: BTreeMap<AgentId, Option<AgentClock>>,
}

impl<'t> Intake<'t> {
    fn cell(&mut self, at: Timestamp, role: Option<&RoleName>, channel: &str, agent: Option<&AgentId>) -> &mut Cell {
        let (role, agent) = (role.map_or("", RoleName::as_str), agent.map_or("", AgentId::as_str));
        self.cells.entry((hour(at), format!("{role}{BETWEEN}{channel}{BETWEEN}{agent}"))).or_default()
    }

    fn history(&mut self, ticket: &TicketId) -> Result<&mut History, ChronicleError> {
        if !self.histories.contains_key(ticket) {
            let found = self.tickets.get(ticket.as_str()).map_err(ChronicleError::of("read"))?;
            let history = found.map(|bytes| decode(bytes.value())).transpose()?.unwrap_or_default();
            self.histories.insert(ticket.clone(), history);
        }
        Ok(self.histories.entry(ticket.clone()).or_default())
    }

    fn clock(&mut self, agent: &AgentId) -> Result<&mut AgentClock, ChronicleError> {
        if !self.clocks.contains_key(agent) {
            let found = self.agents.get(agent.as_str()).map_err(ChronicleError::of("read"))?;
            let clock = found.map(|bytes| decode(bytes.value())).transpose()?.unwrap_or_default();
            self.clocks.insert(agent.clone(), Some(clock));
        }
        Ok(self.clocks.entry(agent.clone()).or_default().get_or_insert_default())
    }

    fn pass(&mut self, agent: &AgentId, stretches: impl IntoIterator<Item = Stretch>, until: Timestamp) {
        for stretch in stretches {
            let (from, is_online) = match stretch {
                Stretch::Online(from) => (from, true),
                Stretch::Busy(from) => (from, false),
            };
            for (hour, length) in by_hour(from, until) {
                let key = (hour, format!("{BETWEEN}{BETWEEN}{agent}"));
                let cell = self.cells.entry(key).or_default();
                *(if is_online { &mut cell.online_ms } else { &mut cell.busy_ms }) += length;
            }
        }
    }

    fn count(&mut self, at: Timestamp, event: &Event) -> Result<(), ChronicleError> {
        match event {
            Event::TicketCreated { intake, .. } => {
                self.cell(at, intake.demand.role(), intake.spec.asked.channel.as_str(), None).arrived += 1;
            }
            Event::TicketAssigned { taking, waited, .. } => {
                let cell = self.taken(at, taking);
                cell.assigned += 1;
                cell.waited_ms += waited.0;
                cell.waits.count(waited.0);
                if let Some(score) = event.service() {
                    self.cell(at, Some(&score.role), taking.channel.as_str(), Some(&taking.agent))
                        .count_served(score.served);
                }
                self.own(at, taking)?;
            }
            Event::OfferMade { taking, .. } => self.taken(at, taking).offered += 1,
            Event::OfferExpired { held } => self.held(at, held).offers_missed += 1,
            Event::OfferDeclined { held, .. } => self.held(at, held).offers_declined += 1,
            Event::AssignmentCompleted { held, handled, .. } => {
                let cell = self.held(at, held);
                cell.completed += 1;
                cell.handled_ms += handled.0;
                self.disown(at, held, Closing::Completed.as_str())?;
                self.history(&held.ticket)?.close(at, Closing::Completed, "");
            }
            Event::AssignmentRevoked { held, cause, .. } => {
                let cell = self.held(at, held);
                let is_transfer = *cause == RevokeCause::Transferred;
                *(if is_transfer { &mut cell.transferred } else { &mut cell.returned }) += 1;
                self.disown(at, held, cause.as_str())?;
            }
            Event::AssignmentPaused { held } => {
                self.history(&held.ticket)?.pause(held);
                self.put_down(at, &held.agent)?;
            }
            Event::AssignmentResumed { held, .. } => {
                self.history(&held.ticket)?.resume(held);
                self.clock(&held.agent)?.take(at);
            }
            Event::TicketClosed { ticket, role, channel, how, cause, .. } => {
                self.close(at, event, (ticket, role.as_ref(), channel), *how, cause)?;
            }
            Event::PresenceChanged { agent, status, .. } => {
                let over = self.clock(agent)?.turn(*status, at);
                self.pass(agent, over, at);
            }
            Event::AgentRemoved { agent } => {
                let over = self.clock(agent)?.turn(crate::routing::Status::Offline, at);
                self.pass(agent, over, at);
                self.clocks.insert(agent.clone(), None);
            }
            _ => {}
        }
        Ok(())
    }

    fn taken(&mut self, at: Timestamp, taking: &Taking) -> &mut Cell {
        self.cell(at, Some(&taking.role), taking.channel.as_str(), Some(&taking.agent))
    }

    fn held(&mut self, at: Timestamp, held: &Held) -> &mut Cell {
        self.cell(at, Some(&held.role), held.channel.as_str(), Some(&held.agent))
    }

    fn own(&mut self, at: Timestamp, taking: &Taking) -> Result<(), ChronicleError> {
        let Taking { ticket, agent, assignment, role, .. } = taking;
        let (agent, role, assignment) = (agent.clone(), role.clone(), assignment.clone());
        self.clock(&agent)?.take(at);
        self.history(ticket)?.begin(Spell {
            agent,
            role,
            assignment,
            from: at,
            until: None,
            ended: None,
            paused: false,
        });
        Ok(())
    }

    /// An assignment is over; one that was paused took no time of its agent any more.
    fn disown(&mut self, at: Timestamp, held: &Held, why: &str) -> Result<(), ChronicleError> {
        let was_worked_on = self.history(&held.ticket)?.end(held, at, why);
        if was_worked_on { self.put_down(at, &held.agent) } else { Ok(()) }
    }

    fn put_down(&mut self, at: Timestamp, agent: &AgentId) -> Result<(), ChronicleError> {
        let over = self.clock(agent)?.give();
        self.pass(agent, over, at);
        Ok(())
    }

    fn close(
        &mut self,
        at: Timestamp,
        event: &Event,
        (ticket, role, channel): (&TicketId, Option<&RoleName>, &ChannelName),
        how: Closing,
        cause: &str,
    ) -> Result<(), ChronicleError> {
        let was_owned = self.history(ticket)?.was_owned_at(at);
        if !was_owned && how != Closing::Completed {
            self.cell(at, role, channel.as_str(), None).abandoned += 1;
        }
        if let Some(score) = event.service() {
            self.cell(at, Some(&score.role), channel.as_str(), None).count_served(score.served);
        }
        self.history(ticket)?.close(at, how, cause);
        Ok(())
    }

    /// Writes all of it. Gives the tickets back, and how many were written.
    fn write(
        mut self,
        table: &mut redb::Table<'_, (i64, &'static str), &'static [u8]>,
    ) -> Result<(redb::Table<'t, &'static str, &'static [u8]>, usize), ChronicleError> {
        let written = self.histories.len();
        for ((hour, name), more) in self.cells {
            rest_where_due();
            let key = (hour, name.as_str());
            let known = table.get(key).map_err(ChronicleError::of("write"))?.map(|bytes| decode::<Cell>(bytes.value()));
            let mut cell = known.transpose()?.unwrap_or_default();
            cell.add(&more);
            table.insert(key, encode(&cell).as_slice()).map_err(ChronicleError::of("write"))?;
        }
        for (ticket, history) in self.histories {
            rest_where_due();
            self.tickets.insert(ticket.as_str(), encode(&history).as_slice()).map_err(ChronicleError::of("write"))?;
        }
        for (agent, clock) in self.clocks {
            rest_where_due();
            match clock {
                Some(clock) => drop(
                    self.agents
                        .insert(agent.as_str(), encode(&clock).as_slice())
                        .map_err(ChronicleError::of("write"))?,
                ),
                None => drop(self.agents.remove(agent.as_str()).map_err(ChronicleError::of("write"))?),
            }
        }
        Ok((self.tickets, written))
    }
}
