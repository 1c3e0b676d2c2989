//! All that is around the daemon: time, the broker, the disk, the people, and the one life of the daemon that runs.
//!
//! Everything happens under one lock, on one thread, in an order that the seed alone decides.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rolecall::broker::Publication;
use rolecall::daemon::Signal;
use rolecall::routing::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::books::Books;
use crate::counter::Counter;
use crate::dice::Dice;
use crate::disk::{Breaks, Disk};
use crate::figures::Figures;
use crate::inbox::{Inbox, Message};
use crate::life::{Hashes, Life};
use crate::people::{Act, People};
use crate::plan::{Fault, Plan};

/// When it all begins: 2026-11-22T05:00:00Z.
const BEGIN: i64 = 1_795_323_600_000;
const HOUR_MS: i64 = 3_600_000;

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A message gets to the broker.
    Arrives(Box<Message>),
    /// A message is submitted over HTTP, perhaps again.
    Submits(Box<Message>),
    /// Publications of a life get to those who listen.
    GoesOut { life: u64, publications: Vec<Publication> },
    /// An acknowledgement gets to the broker.
    Acknowledged { life: u64 },
    /// The broker tries again to hand something out.
    HandsOut,
    /// Somebody does something.
    Acts(Act),
    /// A fault of the kind begins.
    Goes(Fault),
    /// There is a consumer again.
    ConsumesAgain { life: u64 },
    /// The clock is set right.
    ClockMended,
    /// All queues are bound.
    AllBound,
    /// Those who are left see to it that everything comes to its end.
    Sweep { pause_ms: u64 },
}

#[expect(clippy::struct_excessive_bools, reason = "each says something of its own about the world")]
pub(crate) struct World {
    /// Itself, for whoever tells it later of something.
    pub(crate) stage: Weak<Mutex<World>>,
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    origin: Instant,
    skew_ms: i64,
    /// The latest that the daemon has read from its clock.
    pub(crate) latest: Timestamp,
    agenda: BTreeMap<(u64, u64), Happening>,
    agenda_count: u64,
    /// Whoever waits for the agenda looks again.
    pub(crate) woken: Arc<Notify>,
    pub(crate) inbox: Inbox,
    pub(crate) counter: Counter,
    pub(crate) blocked_until_ms: u64,
    pub(crate) unbound: BTreeSet<String>,
    /// The disk: the file of the database, and that of the log.
    pub(crate) disk: Disk,
    pub(crate) log_disk: Disk,
    /// Whether the database was created wholly once.
    pub(crate) has_journal: bool,
    /// Whether the disk says that it has synced and has not.
    pub(crate) disk_lies: bool,
    pub(crate) home: PathBuf,
    /// Whether the catalogue has its roles by now.
    pub(crate) has_roles: bool,
    pub(crate) people: People,
    pub(crate) books: Books,
    pub(crate) life: Life,
    pub(crate) hashes: Hashes,
    /// Nothing goes wrong any more.
    pub(crate) finale: bool,
    pub(crate) figures: Figures,
    log: DefaultHasher,
    traces: bool,
}

/// The world, as everybody has it.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Mutex<World>>);

impl Stage {
    pub(crate) fn new(plan: Plan, home: PathBuf) -> Self {
        let mut dice = Dice::new(plan.seed);
        let people = People::new(&plan, &mut dice);
        let world = |stage: &Weak<Mutex<World>>| World {
            stage: stage.clone(),
            origin: Instant::now(),
            skew_ms: 0,
            latest: Timestamp(0),
            agenda: BTreeMap::new(),
            agenda_count: 0,
            woken: Arc::new(Notify::new()),
            inbox: Inbox::new(dice.between(1, 60)),
            counter: Counter::default(),
            blocked_until_ms: 0,
            unbound: BTreeSet::new(),
            disk: Disk::default(),
            log_disk: Disk::default(),
            has_journal: false,
            disk_lies: false,
            home,
            has_roles: !plan.has(Fault::RolesLate),
            people,
            books: Books::default(),
            life: Life::none(),
            hashes: Hashes::new(),
            finale: false,
            figures: Figures::default(),
            log: DefaultHasher::new(),
            traces: std::env::var_os("ROLECALL_SIM_TRACE").is_some(),
            plan,
            dice,
        };
        Self(Arc::new_cyclic(|stage| Mutex::new(world(stage))))
    }

    /// The same, where it is still there.
    pub(crate) fn upgrade(stage: &Weak<Mutex<World>>) -> Option<Self> {
        stage.upgrade().map(Self)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets happen what is due, until everything has come to its end or clearly never will; then the daemon is told to
    /// end.
    pub(crate) async fn go_on(&self) {
        let woken = Arc::clone(&self.lock().woken);
        loop {
            let next = {
                let mut world = self.lock();
                world.let_happen();
                if !world.finale && !world.acts_left() {
                    world.begin_finale();
                }
                if world.people.are_done {
                    return world.ask_to_drain();
                }
                world.agenda.first_key_value().map(|(key, _)| world.origin + Duration::from_millis(key.0))
            };
            let next = next.expect("there is a sweep to come");
            tokio::select! {
                biased;
                () = woken.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }
}

impl World {
    /// Milliseconds of virtual time since the beginning.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What the machine's clock says.
    pub(crate) fn clock(&self) -> Timestamp {
        let elapsed = i64::try_from(self.elapsed_ms()).unwrap_or(i64::MAX);
        Timestamp(BEGIN + elapsed + self.skew_ms)
    }

    /// Notes what can be seen from outside: equal seeds give equal logs.
    pub(crate) fn log(&mut self, line: &dyn std::fmt::Display) {
        let line = format!("{} {line}", self.elapsed_ms());
        line.hash(&mut self.log);
        if self.traces {
            println!("{line}");
        }
    }

    pub(crate) fn log_hash(&self) -> u64 {
        self.log.finish()
    }

    pub(crate) fn plan_in(&mut self, ms: u64, happening: Happening) {
        self.agenda_count += 1;
        self.agenda.insert((self.elapsed_ms() + ms, self.agenda_count), happening);
        self.woken.notify_one();
    }

    fn let_happen(&mut self) {
        let now = self.elapsed_ms();
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let happening = entry.remove();
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(message) => {
                self.log(&format!("in {message}"));
                self.inbox.take_in(*message);
                self.hand_out();
            }
            Happening::Submits(message) => self.submit(*message),
            Happening::GoesOut { publications, .. } => {
                for publication in publications {
                    self.hear(&publication);
                }
            }
            Happening::Acknowledged { life } => {
                if self.life.number == life && self.life.is_running() {
                    self.acknowledge();
                }
            }
            Happening::HandsOut => self.hand_out(),
            Happening::Acts(act) => self.act(act),
            Happening::Goes(fault) => self.go_wrong(fault),
            Happening::ConsumesAgain { life } => {
                if self.life.number == life && self.life.is_running() {
                    self.consume_again();
                }
            }
            Happening::ClockMended => self.skew_ms = 0,
            Happening::AllBound => self.unbound.clear(),
            Happening::Sweep { pause_ms } => self.sweep(pause_ms),
        }
    }

    fn hear(&mut self, publication: &Publication) {
        self.log(&format!("out {} {}", publication.properties.message_id().unwrap_or("dead"), publication.routing_key));
        if let Some(heard) = self.books.note(publication) {
            self.react(&heard);
        }
    }

    /// In the end, when nobody does anything any more: what was published arrived before it was confirmed.
    pub(crate) fn hear_the_rest(&mut self) {
        for happening in std::mem::take(&mut self.agenda).into_values() {
            if matches!(happening, Happening::GoesOut { .. }) {
                self.happen(happening);
            }
        }
    }

    /// What is under way of a process that is gone: of what it wrote to its connection some still arrives.
    fn cut_off(&mut self) {
        let dice = &mut self.dice;
        for happening in self.agenda.values_mut() {
            if let Happening::GoesOut { life, publications } = happening
                && *life == self.life.number
            {
                publications.truncate(dice.below(publications.len() + 1));
            }
        }
    }

    /// The daemon does something that can be seen from outside. `false` where it does not live to do it.
    pub(crate) fn step(&mut self, life: u64) -> bool {
        if self.life.number != life || !self.life.is_running() {
            return false;
        }
        self.figures.steps += 1;
        self.life.steps += 1;
        if self.life.dies_at == Some(self.life.steps) && !self.finale {
            let power = self.life.loses_power;
            self.die(power);
            return false;
        }
        true
    }

    fn die(&mut self, loses_power: bool) {
        self.log(&format!("life {} dies at step {}", self.life.number, self.life.steps));
        if loses_power {
            self.figures.power_cuts += 1;
            self.lose_power();
        } else {
            self.figures.kills += 1;
        }
        self.cut_off();
        if self.dice.per_mille(500) {
            // What it wrote to its connection was on its way already.
            self.acknowledge();
        }
        self.life.end();
        self.inbox.requeue();
    }

    /// The process dies over a message, also where nothing else goes wrong any more.
    pub(crate) fn die_over(&mut self, life: u64) {
        if self.life.number == life && self.life.is_running() {
            self.figures.poisoned += 1;
            self.die(false);
        }
    }

    /// What was not synced is lost in part: of the database, and of the small files that say how far it has come and how
    /// often it died.
    pub(crate) fn lose_power(&mut self) {
        self.disk.cut_power(&mut self.dice);
        self.log_disk.cut_power(&mut self.dice);
        if let Some(mark) = self.life.mark_at_start.take().filter(|_| self.dice.per_mille(500)) {
            std::fs::write(self.home.join("MARK"), mark).expect("the directory is there");
        }
        if self.dice.per_mille(500) {
            // Whoever has it already reads something else, or nothing.
            let deaths = self.life.deaths_at_start.take().unwrap_or_default();
            std::fs::write(self.home.join("DEATHS"), deaths).expect("the directory is there");
        }
    }

    /// A life that ended by itself.
    pub(crate) fn bury(&mut self) {
        if self.life.is_running() {
            self.cut_off();
            self.life.end();
            self.inbox.requeue();
        }
    }

    /// Begins a life, and settles how it ends.
    pub(crate) fn begin_life(&mut self, ends_left: u64) -> u64 {
        let mut life = Life::new(self.life.number + 1);
        let ways: Vec<Fault> = [Fault::Kill, Fault::PowerCut, Fault::BadDisk, Fault::Drain]
            .into_iter()
            .filter(|fault| self.plan.has(*fault))
            .collect();
        let steps_max = *self.dice.one_of(&[20, 80, 300, 1_000]);
        let steps = self.dice.between(1, steps_max);
        if ends_left > 0 && !ways.is_empty() && !self.finale {
            match self.dice.one_of(&ways) {
                Fault::Kill => life.dies_at = Some(steps),
                Fault::PowerCut => {
                    life.dies_at = Some(steps);
                    life.loses_power = true;
                }
                Fault::BadDisk => {
                    let kinds = [std::io::ErrorKind::Other, std::io::ErrorKind::StorageFull];
                    let breaks = Breaks { after: steps, kind: *self.dice.one_of(&kinds) };
                    if self.dice.per_mille(500) { &mut self.disk } else { &mut self.log_disk }.break_down(breaks);
                }
                _ => {
                    let ms = self.dice.between(50, 60_000);
                    self.plan_in(ms, Happening::Goes(Fault::Drain));
                }
            }
        }
        self.life = life;
        self.figures.lives += 1;
        self.log(&format!("life {} begins", self.life.number));
        self.life.number
    }

    /// The faults that come by themselves, each for the first time.
    pub(crate) fn expect_faults(&mut self) {
        for fault in self.plan.faults.clone() {
            self.expect(fault);
        }
    }

    fn expect(&mut self, fault: Fault) {
        let usual = match fault {
            Fault::LostConsumer => 15_000,
            Fault::Blocked | Fault::Unbound => 40_000,
            Fault::ClockJump | Fault::Reload => 60_000,
            Fault::RolesLate if !self.has_roles => 60_000,
            _ => return,
        };
        let ms = self.dice.between(100, usual);
        self.plan_in(ms, Happening::Goes(fault));
    }

    fn go_wrong(&mut self, fault: Fault) {
        if self.finale {
            return;
        }
        self.log(&format!("{fault:?}"));
        match fault {
            Fault::LostConsumer => self.lose_consumer(),
            Fault::Blocked => self.blocked_until_ms = self.elapsed_ms() + self.dice.between(100, 45_000),
            Fault::Unbound => {
                let role = (*self.dice.one_of(&crate::people::ROLES)).to_owned();
                self.unbound.insert(role);
                let ms = self.dice.between(100, 30_000);
                self.plan_in(ms, Happening::AllBound);
            }
            Fault::ClockJump => {
                let jump = i64::try_from(self.dice.between(0, 2 * HOUR_MS.unsigned_abs())).unwrap_or(0) - HOUR_MS;
                self.skew_ms = jump;
                let ms = self.dice.between(1_000, 60_000);
                self.plan_in(ms, Happening::ClockMended);
            }
            Fault::Drain => return self.ask_to_drain(),
            Fault::Reload => self.life.signal(Signal::Reload),
            Fault::RolesLate => self.bring_roles(),
            _ => {}
        }
        self.expect(fault);
    }

    /// Tells the daemon to end in good order.
    pub(crate) fn ask_to_drain(&mut self) {
        let now = self.elapsed_ms();
        self.life.drain_asked_ms.get_or_insert(now);
        self.life.signal(Signal::Drain("SIGTERM"));
    }

    /// Everything that was to be said has been said: from now on nothing goes wrong, and all that is open is to end.
    pub(crate) fn begin_finale(&mut self) {
        self.log(&"the finale begins");
        self.finale = true;
        self.skew_ms = 0;
        self.blocked_until_ms = 0;
        self.unbound.clear();
        self.mend_disk();
        if !self.has_roles {
            self.bring_roles();
        }
        self.plan_in(0, Happening::Sweep { pause_ms: 5_000 });
    }

    /// The catalogue's roles are in its file from now on, and everybody is registered for them.
    fn bring_roles(&mut self) {
        self.has_roles = true;
        self.life.signal(Signal::Reload);
        self.register_everybody();
    }

    /// What is still to be said by those who do not wait for anything.
    pub(crate) fn acts_left(&self) -> bool {
        self.agenda.values().any(|happening| matches!(happening, Happening::Acts(act) if act.is_input()))
    }
}

/// Messages in their order.
pub(crate) type Queue = VecDeque<Message>;
