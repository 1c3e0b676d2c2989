//! That the sums are what the events say: added up a second time, event by event, by somebody who keeps them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::store::Told;
use super::{By, Chronicle, Query, Report, Retention};
use crate::routing::event::{Event, Held};
use crate::routing::offer::RevokeCause;
use crate::routing::ticket::Closing;
use crate::routing::{
    AgentId, AgentProfile, Asked, Catalogue, ChannelName, Command, Engine, Identity, Millis, RoleName, Status,
    TicketId, TicketSpec, Timestamp,
};

const START: i64 = 1_795_000_000_000;
const HOUR: i64 = 3_600_000;
const INSTANCE: u64 = 7;

fn catalogue() -> Catalogue {
    let text = "[[role]]\nname = \"billing\"\ntarget = { answer_within = \"10m\", for_share = 0.9 }\n[[role]]\nname = \"technical\"\n\
                [channel.call]\nacceptance = \"offer\"\noffer_timeout = \"20s\"\nlimit = 1\n[channel.chat]\nlimit = 2\n";
    let loaded = crate::config::parse("test", text, &crate::config::Overrides::none());
    loaded.unwrap_or_else(|report| panic!("{report}")).config.catalogue
}

/// A long day of two roles and four agents, the same in every run.
fn day() -> Vec<Told> {
    let mut engine = Engine::new(Identity { instance: INSTANCE, seed: 1 });
    let mut told = Vec::new();
    let mut now = Timestamp(START);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let agents: Vec<_> = (0..4).map(|number| AgentId::parse(&format!("agent-{number}")).expect("a name")).collect();
    let role = |number: u64| RoleName::parse(if number == 0 { "billing" } else { "technical" }).expect("a name");
    let mut handle = |engine: &mut Engine, command: Command, now: Timestamp| {
        let outcome = engine.handle(command, now);
        told.push(Told { first_seq: outcome.first_seq, at: outcome.at, events: outcome.events });
    };
    handle(&mut engine, Command::ReplaceCatalogue { catalogue: Arc::new(catalogue()) }, now);
    for (number, agent) in (0..).zip(&agents) {
        let profile = Box::new(AgentProfile::of_roles([role(number % 2), role(number / 2)]));
        handle(&mut engine, Command::RegisterAgent { agent: agent.clone(), profile }, now);
    }
    for number in 0..4_000 {
        now = Timestamp(now.0 + i64::try_from(draw(30_000)).expect("small"));
        while let Some((due, _)) = engine.next_timeout().filter(|(due, _)| *due <= now) {
            handle(&mut engine, Command::Elapse, due);
        }
        let agent = agents[usize::try_from(draw(4)).expect("small")].clone();
        let ticket = TicketId::parse(&format!("T-{}", draw(number / 4 + 1))).expect("a name");
        let command = match draw(12) {
            0..=3 => {
                let channel = ChannelName::parse(if draw(3) == 0 { "call" } else { "chat" }).expect("a name");
                let spec = Box::new(TicketSpec::from(Asked { role: Some(role(draw(2))), ..Asked::on(channel) }));
                Command::CreateTicket { ticket: TicketId::parse(&format!("T-{}", number / 4)).expect("a name"), spec }
            }
            4 => Command::CancelTicket { ticket, reason: None },
            5 => Command::AcceptOffer { ticket, agent, assignment: None },
            6 => Command::PauseTicket { ticket },
            7 => Command::ResumeTicket { ticket },
            8 => Command::ReleaseTicket { ticket, agent: None, reason: None },
            9 => {
                let to = crate::routing::command::TransferTo::Role(role(draw(2)));
                Command::TransferTicket { ticket, to, by: None, note: None }
            }
            10 => {
                let then = crate::routing::command::AfterWork::Ready;
                Command::CompleteTicket { ticket, agent: None, outcome: None, then }
            }
            _ => {
                let status = [Status::Online, Status::Online, Status::Away, Status::Offline]
                    [usize::try_from(draw(4)).expect("small")];
                Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() }
            }
        };
        handle(&mut engine, command, now);
    }
    told
}

/// All that a report counts, from the events alone.
#[derive(Debug, Default)]
struct Books {
    counts: BTreeMap<&'static str, u64>,
    waits: Vec<u64>,
    online_ms: u64,
    busy_ms: u64,
}

fn books(told: &[Told], role: Option<&str>, until: Timestamp) -> Books {
    let mut books = Books::default();
    let counts_role = |found: Option<&RoleName>| role.is_none_or(|role| found.is_some_and(|it| it.as_str() == role));
    let mut owned: BTreeSet<TicketId> = BTreeSet::new();
    let mut online: BTreeSet<AgentId> = BTreeSet::new();
    let mut at_work: BTreeMap<AgentId, BTreeSet<TicketId>> = BTreeMap::new();
    let mut last = Timestamp(START);
    let events = told.iter().flat_map(|told| told.events.iter().map(move |event| (told.at, event)));
    for (at, event) in events {
        let passed = at.since(last).0;
        books.online_ms += passed * online.len() as u64;
        books.busy_ms += passed
            * online.iter().filter(|agent| at_work.get(*agent).is_some_and(|held| !held.is_empty())).count() as u64;
        last = at;
        let mut count = |what: &'static str, role: Option<&RoleName>| {
            if counts_role(role) {
                *books.counts.entry(what).or_default() += 1;
            }
        };
        match event {
            Event::TicketCreated { intake, .. } => count("arrived", intake.demand.role()),
            Event::OfferMade { taking, .. } => count("offered", Some(&taking.role)),
            Event::OfferExpired { held } => count("offers_missed", Some(&held.role)),
            Event::TicketAssigned { taking, waited, .. } => {
                count("assigned", Some(&taking.role));
                if counts_role(Some(&taking.role)) {
                    books.waits.push(waited.0);
                }
                owned.insert(taking.ticket.clone());
                at_work.entry(taking.agent.clone()).or_default().insert(taking.ticket.clone());
            }
            Event::AssignmentCompleted { held, .. } => {
                count("completed", Some(&held.role));
                owned.remove(&held.ticket);
                give(&mut at_work, held);
            }
            Event::AssignmentRevoked { held, cause, .. } => {
                count(if *cause == RevokeCause::Transferred { "transferred" } else { "returned" }, Some(&held.role));
                // Whoever withdraws from an owner has not gone away unanswered.
                if *cause != RevokeCause::TicketCancelled {
                    owned.remove(&held.ticket);
                }
                give(&mut at_work, held);
            }
            Event::AssignmentPaused { held } => give(&mut at_work, held),
            Event::AssignmentResumed { held, .. } => {
                at_work.entry(held.agent.clone()).or_default().insert(held.ticket.clone());
            }
            Event::TicketClosed { ticket, role, how, .. } if *how != Closing::Completed && !owned.contains(ticket) => {
                count("abandoned", role.as_ref());
            }
            Event::PresenceChanged { agent, status: Status::Online, .. } => drop(online.insert(agent.clone())),
            Event::PresenceChanged { agent, .. } => drop(online.remove(agent)),
            _ => {}
        }
    }
    let passed = until.since(last).0;
    books.online_ms += passed * online.len() as u64;
    books.busy_ms +=
        passed * online.iter().filter(|agent| at_work.get(*agent).is_some_and(|held| !held.is_empty())).count() as u64;
    books.waits.sort_unstable();
    books
}

/// What is paused is not among what is worked on, and can't be taken out of it a second time.
fn give(at_work: &mut BTreeMap<AgentId, BTreeSet<TicketId>>, held: &Held) {
    at_work.entry(held.agent.clone()).or_default().remove(&held.ticket);
}

fn chronicle_of(told: &[Told]) -> (tempfile::TempDir, Chronicle) {
    let directory = tempfile::tempdir().expect("a directory");
    let chronicle = Chronicle::open(directory.path(), INSTANCE).expect("it can be made");
    for some in told.chunks(97) {
        chronicle.take(some).expect("it can be written");
        // Told twice, counted once.
        chronicle.take(&some[some.len() / 2..]).expect("it can be written");
    }
    (directory, chronicle)
}

fn ask(chronicle: &Chronicle, role: Option<&str>, by: By, until: Timestamp) -> Report {
    let role = role.map(|role| RoleName::parse(role).expect("a name"));
    let (from, successors) = (Timestamp(START), BTreeMap::new());
    let query = Query { from, to: until, role, channel: None, agent: None, by, successors };
    chronicle.report(&query, until).expect("it can be read")
}

#[test]
fn a_report_says_what_the_events_of_the_journal_add_up_to() {
    let told = day();
    let (_directory, chronicle) = chronicle_of(&told);
    let until = Timestamp(told.last().expect("a day has commands").at.0 + 5 * HOUR);
    for role in [None, Some("billing"), Some("technical")] {
        let expected = books(&told, role, until);
        let report = ask(&chronicle, role, By::Nothing, until);
        let cell = &report.rows[0].cell;
        let found = [
            ("arrived", cell.arrived),
            ("assigned", cell.assigned),
            ("abandoned", cell.abandoned),
            ("completed", cell.completed),
            ("transferred", cell.transferred),
            ("returned", cell.returned),
            ("offered", cell.offered),
            ("offers_missed", cell.offers_missed),
        ];
        for (what, count) in found {
            assert_eq!(count, expected.counts.get(what).copied().unwrap_or(0), "{what} of {role:?}");
            assert!(count > 0, "the day has no {what} of {role:?}");
        }
        assert_eq!(cell.waited_ms, expected.waits.iter().sum::<u64>());
        for percent in [50, 90, 99] {
            let rank = (expected.waits.len() * percent).div_ceil(100).max(1) - 1;
            let (exact, told) = (expected.waits[rank], cell.waits.percentile(percent as u64).expect("some waited"));
            assert!(told >= exact && told - exact <= exact / 32, "the {percent}th of {role:?}: {told} for {exact}");
        }
        if role.is_none() {
            assert_eq!((cell.online_ms, cell.busy_ms), (expected.online_ms, expected.busy_ms));
            assert!(cell.busy_ms > 0 && cell.busy_ms < cell.online_ms);
        }
    }
}

#[test]
fn what_is_completed_while_it_is_paused_ends_nobodys_work_on_another_ticket() {
    let agent = AgentId::parse("ana").expect("a name");
    let ticket = |name: &str| TicketId::parse(name).expect("a name");
    let create = |name: &str| {
        let role = RoleName::parse("billing").ok();
        let spec = TicketSpec::from(Asked { role, ..Asked::on(ChannelName::parse("chat").expect("a name")) });
        Command::CreateTicket { ticket: ticket(name), spec: Box::new(spec) }
    };
    let complete = |name: &str| {
        let then = crate::routing::command::AfterWork::Ready;
        Command::CompleteTicket { ticket: ticket(name), agent: None, outcome: None, then }
    };
    let profile = Box::new(AgentProfile::of_roles([RoleName::parse("billing").expect("a name")]));
    let status = Status::Online;
    let online =
        Command::SetPresence { agent: agent.clone(), status, name: None, reason: None, switches: BTreeMap::new() };
    let commands = [
        (0, Command::ReplaceCatalogue { catalogue: Arc::new(catalogue()) }),
        (0, Command::RegisterAgent { agent, profile }),
        (0, online),
        (10, create("T-1")),
        (20, create("T-2")),
        (30, Command::PauseTicket { ticket: ticket("T-1") }),
        (40, complete("T-1")),
        (60, complete("T-2")),
    ];
    let mut engine = Engine::new(Identity { instance: INSTANCE, seed: 1 });
    let told: Vec<_> = commands
        .into_iter()
        .map(|(after, command)| {
            let outcome = engine.handle(command, Timestamp(START + after));
            Told { first_seq: outcome.first_seq, at: outcome.at, events: outcome.events }
        })
        .collect();
    let (_directory, chronicle) = chronicle_of(&told);
    let until = Timestamp(START + HOUR);
    let report = ask(&chronicle, None, By::Nothing, until);
    let cell = &report.rows[0].cell;
    assert_eq!((cell.completed, cell.busy_ms), (2, 50), "from the first to the second");
    assert_eq!(cell.busy_ms, books(&told, None, until).busy_ms);
}

#[test]
fn sums_by_whatever_add_up_to_the_sum_of_all() {
    let told = day();
    let (_directory, chronicle) = chronicle_of(&told);
    let until = told.last().expect("a day has commands").at;
    let whole = ask(&chronicle, None, By::Nothing, until).rows.remove(0).cell;
    for by in [By::Role, By::Channel, By::Agent, By::Hour, By::Day] {
        let report = ask(&chronicle, None, by, until);
        assert!(report.rows.len() > 1, "{by:?}");
        let mut sum = super::Cell::default();
        report.rows.iter().for_each(|row| sum.add(&row.cell));
        assert_eq!(sum, whole, "{by:?}");
    }
}

#[test]
fn what_was_counted_of_a_role_counts_for_the_one_that_replaces_it() {
    let told = day();
    let (_directory, chronicle) = chronicle_of(&told);
    let until = told.last().expect("a day has commands").at;
    let text = "[[role]]\nname = \"money\"\nreplaces = [\"billing\", \"dunning\"]\n[[role]]\nname = \"technical\"\nreplaces = [\"it\"]\n";
    let loaded = crate::config::parse("test", text, &crate::config::Overrides::none());
    let successors = loaded.unwrap_or_else(|report| panic!("{report}")).config.catalogue.successors();
    let arrived = |role: Option<&str>| -> BTreeMap<String, u64> {
        let role = role.map(|role| RoleName::parse(role).expect("a name"));
        let (from, successors) = (Timestamp(START), successors.clone());
        let query = Query { from, to: until, role, channel: None, agent: None, by: By::Role, successors };
        let report = chronicle.report(&query, until).expect("it can be read");
        report.rows.into_iter().filter(|row| !row.of.is_empty()).map(|row| (row.of, row.cell.arrived)).collect()
    };
    let count = |role: &str| books(&told, Some(role), until).counts["arrived"];
    let [money, technical] =
        [("money", count("billing")), ("technical", count("technical"))].map(|(role, count)| (role.to_owned(), count));
    assert_eq!(arrived(None), [money.clone(), technical.clone()].into());
    assert_eq!(arrived(Some("money")), [money.clone()].into());
    assert_eq!(arrived(Some("technical")), [technical].into());
    assert_eq!(arrived(Some("billing")), [("billing".to_owned(), money.1)].into(), "by its own name it is still known");
}

#[test]
fn a_history_names_every_owner_and_why_it_is_none_any_more() {
    let told = day();
    let (directory, chronicle) = chronicle_of(&told);
    let mut owners: BTreeMap<TicketId, Vec<AgentId>> = BTreeMap::new();
    for event in told.iter().flat_map(|told| &told.events) {
        if let Event::TicketAssigned { taking, .. } = event {
            owners.entry(taking.ticket.clone()).or_default().push(taking.agent.clone());
        }
    }
    assert!(owners.values().any(|owners| owners.len() > 2), "somebody was handed on");
    for (ticket, owners) in &owners {
        let history = chronicle.history(ticket).expect("it can be read").expect("it is known");
        let found: Vec<_> = history.spells.iter().map(|spell| spell.agent.clone()).collect();
        assert_eq!(&found, owners, "{ticket}");
        assert!(history.spells.iter().rev().skip(1).all(|spell| spell.ended.is_some()), "one owner at a time");
    }
    let mut closed = BTreeSet::new();
    for event in told.iter().flat_map(|told| &told.events) {
        let Event::TicketClosed { ticket, how, cause, .. } = event else { continue };
        let history = chronicle.history(ticket).expect("it can be read").expect("it is known");
        assert_eq!(history.closed.as_deref(), Some(how.as_str()), "{ticket}");
        assert_eq!(history.cause.unwrap_or_default(), *cause, "{ticket}");
        closed.insert(how.as_str());
    }
    assert!(closed.contains("cancelled"), "nothing was withdrawn, only {closed:?}");
    drop(chronicle);
    // What it took in is there after a restart, and another engine's is not mixed with it.
    let again = Chronicle::open(directory.path(), INSTANCE).expect("it is there");
    assert!(again.through().expect("read") > 1_000);
    drop(again);
    assert_eq!(Chronicle::open(directory.path(), INSTANCE + 1).expect("made anew").through().expect("read"), 0);
}

/// An engine whose commands come one a minute, and what follows from them.
struct Days {
    engine: Engine,
    chronicle: Chronicle,
    now: Timestamp,
}

impl Days {
    fn handle(&mut self, command: Command) {
        let outcome = self.engine.handle(command, self.now);
        let told = Told { first_seq: outcome.first_seq, at: outcome.at, events: outcome.events };
        self.chronicle.take(&[told]).expect("it can be written");
    }

    fn begin(&mut self) {
        for command in staffed() {
            self.handle(command);
        }
    }

    fn open(&mut self, name: &str) {
        let [coming, _] = coming_and_going(name);
        self.handle(coming);
    }

    fn done(&mut self, name: &str) {
        for command in coming_and_going(name) {
            self.handle(command);
        }
    }

    fn pass_days(&mut self, days: i64) {
        self.now = Timestamp(self.now.0 + days * 24 * HOUR);
        while self.engine.next_timeout().is_some_and(|(due, _)| due <= self.now) {
            self.handle(Command::Elapse);
        }
    }

    fn history(&self, name: &str) -> Option<super::History> {
        self.chronicle.history(&ticket(name)).expect("it can be read")
    }
}

fn ticket(name: &str) -> TicketId {
    TicketId::parse(name).expect("a name")
}

/// The catalogue, and two who are there for it.
fn staffed() -> Vec<Command> {
    let mut commands = vec![Command::ReplaceCatalogue { catalogue: Arc::new(catalogue()) }];
    for agent in ["ana", "ben"] {
        let agent = AgentId::parse(agent).expect("a name");
        let profile = Box::new(AgentProfile::of_roles([RoleName::parse("billing").expect("a name")]));
        commands.push(Command::RegisterAgent { agent: agent.clone(), profile });
        let (status, switches) = (Status::Online, BTreeMap::new());
        commands.push(Command::SetPresence { agent, status, name: None, reason: None, switches });
    }
    commands
}

/// A chat that comes, and is done.
fn coming_and_going(name: &str) -> [Command; 2] {
    let role = RoleName::parse("billing").ok();
    let spec = TicketSpec::from(Asked { role, ..Asked::on(ChannelName::parse("chat").expect("a name")) });
    let then = crate::routing::command::AfterWork::Ready;
    [
        Command::CreateTicket { ticket: ticket(name), spec: Box::new(spec) },
        Command::CompleteTicket { ticket: ticket(name), agent: None, outcome: None, then },
    ]
}

#[test]
fn who_owned_a_ticket_is_forgotten_a_quarter_of_a_year_after_it_ended_and_not_before() {
    let directory = tempfile::tempdir().expect("a directory");
    let chronicle = Chronicle::open(directory.path(), INSTANCE).expect("it can be made");
    let engine = Engine::new(Identity { instance: INSTANCE, seed: 1 });
    let mut days = Days { engine, chronicle, now: Timestamp(START) };
    days.begin();
    days.open("T-open");
    (0..300).for_each(|number| days.done(&format!("T-{number}")));

    // Each of them is looked at more than once.
    days.pass_days(89);
    days.open("T-7");
    (0..60).for_each(|number| days.done(&format!("U-{number}")));
    assert!((0..300).all(|number| days.history(&format!("T-{number}")).is_some()), "none has to be forgotten yet");

    days.pass_days(2);
    (0..60).for_each(|number| days.done(&format!("V-{number}")));
    let left: Vec<_> = (0..300).filter(|number| days.history(&format!("T-{number}")).is_some()).collect();
    assert_eq!(left, [7], "it is there again");
    assert_eq!(days.history("T-7").expect("it is known").closed_at, None);
    assert!(days.history("T-open").is_some(), "it has not ended");
    let kept = ["U", "V"].into_iter().flat_map(|name| (0..60).map(move |number| format!("{name}-{number}")));
    assert!(kept.map(|name| days.history(&name)).all(|history| history.is_some_and(|it| it.closed_at.is_some())));
}

/// How many sums there are of that time.
fn sums_of(chronicle: &Chronicle, from: i64, to: i64) -> usize {
    use redb::ReadableDatabase;
    let transaction = chronicle.database.begin_read().expect("it can be read");
    let cells = transaction.open_table(super::store::CELLS).expect("it is there");
    let hours = |at: i64| (at.div_euclid(HOUR), "");
    cells.range(hours(from)..hours(to)).expect("it can be read").count()
}

#[test]
fn sums_of_hours_long_ago_are_let_go_of_some_at_a_time_also_those_that_were_kept_for_longer_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let chronicle = Chronicle::open(directory.path(), INSTANCE).expect("it can be made");
    let engine = Engine::new(Identity { instance: INSTANCE, seed: 1 });
    let mut days = Days { engine, chronicle, now: Timestamp(START) };
    days.begin();
    for number in 0..100 {
        days.now = Timestamp(START + number * HOUR);
        days.done(&format!("T-{number}"));
    }
    days.pass_days(2 * 365);
    days.done("U");
    let (long_ago, lately) = ((START, START + 100 * HOUR), days.now.0 - HOUR);
    let before = sums_of(&days.chronicle, long_ago.0, long_ago.1);
    assert!(before >= 200, "{before} are kept for three years where nothing is said");

    let Days { engine, chronicle, now } = days;
    drop(chronicle);
    let retention = Retention { sums: Millis::from_secs(400 * 24 * 3_600), ..Retention::default() };
    let chronicle = Chronicle::open(directory.path(), INSTANCE).expect("it is there").keeping(retention);
    let mut days = Days { engine, chronicle, now };
    days.done("V");
    let after = sums_of(&days.chronicle, long_ago.0, long_ago.1);
    assert!(after < before && before - after <= 3 * 64, "{before} became {after} at once");
    (0..5).for_each(|number| days.done(&format!("W-{number}")));
    assert_eq!(sums_of(&days.chronicle, 0, long_ago.1), 0);
    let whole = ask(&days.chronicle, None, By::Nothing, Timestamp(days.now.0 + HOUR));
    assert_eq!(whole.rows[0].cell.completed, 7, "what is younger is kept: U, V and five more");
    assert!(sums_of(&days.chronicle, lately, days.now.0 + HOUR) > 0);
}

#[test]
fn a_database_that_keeps_no_more_than_it_kept_grows_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let two_days = Millis::from_secs(2 * 24 * 3_600);
    let chronicle = Chronicle::open(directory.path(), INSTANCE).expect("it can be made");
    let chronicle = chronicle.keeping(Retention { histories: two_days, sums: two_days });
    let mut engine = Engine::new(Identity { instance: INSTANCE, seed: 1 });
    let mut told: Vec<Told> = Vec::new();
    let mut handle = |command: Command, now: Timestamp, told: &mut Vec<Told>| {
        let outcome = engine.handle(command, now);
        told.push(Told { first_seq: outcome.first_seq, at: outcome.at, events: outcome.events });
    };
    for command in staffed() {
        handle(command, Timestamp(START), &mut told);
    }
    let mut bytes = Vec::new();
    for day in 0..30 {
        for number in 0..500 {
            let now = Timestamp(START + day * 24 * HOUR + number * 24 * HOUR / 500);
            handle(Command::Elapse, now, &mut told);
            let name = format!("ticket-{}-of-{day}", number * 7_919 % 500);
            for command in coming_and_going(&name) {
                handle(command, now, &mut told);
            }
        }
        told.chunks(150).for_each(|some| chronicle.take(some).expect("it can be written"));
        told.clear();
        bytes.push(std::fs::metadata(directory.path().join(Chronicle::FILE)).expect("it is there").len());
    }
    assert!(bytes[29] <= bytes[7], "it went on growing: {bytes:?}");
}

#[test]
fn a_flipped_bit_in_its_database_ends_nobody_in_a_panic() {
    let told = day();
    let (directory, chronicle) = chronicle_of(&told[..1_000]);
    drop(chronicle);
    let path = directory.path().join(Chronicle::FILE);
    let good = std::fs::read(&path).expect("it is there");
    let rest = (320..good.len()).filter(|place| good[*place] != 0).step_by(997);
    let (mut refused, mut panics) = (0, Vec::new());
    for place in (0..320).chain(rest) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        std::fs::write(&path, &bad).expect("it is damaged");
        for looks in [false, true] {
            let opened = std::panic::catch_unwind(|| {
                if looks {
                    Chronicle::open_to_look(directory.path(), INSTANCE).map(drop)
                } else {
                    Chronicle::open(directory.path(), INSTANCE).map(drop)
                }
            });
            match opened {
                Ok(Ok(())) => {}
                Ok(Err(_)) => refused += 1,
                Err(_) => panics.push((place, looks)),
            }
        }
    }
    println!("{refused} refused");
    assert_eq!(panics, []);
    assert!(refused > 0);
}
