//! Arrivals that are drawn, from tickets that were recorded: how many come in which hour, how long they take, and how
//! patient their customers are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{AgentGroup, Arrivals, Distribution, Scenario, When};
use crate::routing::hours::Hours;
use crate::routing::ticket::{Beside, Customer};
use crate::routing::zone::Zone;
use crate::routing::{Millis, TicketSpec, Timestamp};

use super::scene::{Coming, Scene};
use super::staff::{Manner, StaffMember};
use super::workload::Recorded;

const HOUR: Millis = Millis::from_secs(3_600);
const DAY_HOURS: usize = 24;
const WEEK_HOURS: usize = 7 * DAY_HOURS;
/// Kinds of tickets that are told apart; the rest are alike.
const KINDS_MAX: usize = 200;
/// A piece of an hour that is shorter says nothing of the rest of it.
const PIECE_MIN: Millis = Millis(HOUR.0 / 2);
/// How many recorded lengths of work are drawn from at most.
const LENGTHS_MAX: usize = 10_000;

/// A typical week of what was recorded, or a typical day where it was less than a week.
///
/// `None` where nothing was.
#[must_use]
pub fn typical(scene: &Scene) -> Option<Scenario> {
    let Coming::Replayed(tickets) = &scene.coming else { return None };
    let counted = |at: Timestamp| (scene.counted_from..scene.counted_to).contains(&at);
    let tickets: Vec<_> = tickets.iter().filter(|(_, ticket)| counted(ticket.at)).collect();
    let first = tickets.first()?.1.at;
    let zone = &scene.catalogue.time_zone;
    let length = scene.counted_to.since(scene.counted_from);
    let hours = if length.0 >= HOUR.0 * WEEK_HOURS as u64 { WEEK_HOURS } else { DAY_HOURS };
    let known = Known::of(scene, hours);
    let mut kinds: BTreeMap<String, (TicketSpec, Vec<&Recorded>)> = BTreeMap::new();
    for (source, ticket) in &tickets {
        let name = scene.sources.get(*source).map_or("tickets", String::as_str);
        let mut spec = kind_of(&ticket.spec);
        let mut title = title_of(name, &spec);
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&title) {
            (spec, title) = (kind_of(&tickets[0].1.spec), "others".to_owned());
        }
        kinds.entry(title).or_insert_with(|| (spec, Vec::new())).1.push(ticket);
    }
    let arrivals = kinds.into_iter().filter_map(|(name, (spec, of_kind))| fitted(name, spec, &of_kind, &known, zone));
    let arrivals: Vec<Arrivals> = arrivals.collect();
    let day = zone.local(first).date();
    let back = if hours == WEEK_HOURS { i64::from(day.weekday().to_monday_zero_offset()) } else { 0 };
    let begins = day.saturating_sub(jiff::Span::new().days(back)).to_datetime(jiff::civil::Time::midnight());
    Some(Scenario {
        name: scene.name.clone(),
        catalogue: Arc::clone(&scene.catalogue),
        start: zone.first_moment(begins),
        duration: Millis(HOUR.0 * hours as u64),
        warm_up: Millis::ZERO,
        settle: Millis(HOUR.0 * DAY_HOURS as u64),
        replications: scene.replications,
        seed: scene.seed,
        answer_within: scene.answer_within,
        agents: scene.staff.iter().map(of_the_past).collect(),
        arrivals,
    })
}

/// What tickets of one kind have in common.
fn kind_of(spec: &TicketSpec) -> TicketSpec {
    let customer = Customer { tier: spec.beside.customer.tier.clone(), ..Customer::default() }.into();
    let beside = Beside { customer, ..Beside::default() }.into();
    TicketSpec { asked: Arc::clone(&spec.asked), created_at: None, beside }
}

fn title_of(source: &str, spec: &TicketSpec) -> String {
    let names = [spec.asked.role.as_ref().map(ToString::to_string), spec.asked.kind.as_ref().map(ToString::to_string)];
    let more = names
        .into_iter()
        .flatten()
        .chain(spec.beside.customer.tier.clone())
        .filter(|name| !source.contains(name.as_str()));
    let mut parts: Vec<String> = std::iter::once(source.to_owned()).chain(more).collect();
    parts.push(format!("{}, priority {}", spec.asked.channel, spec.asked.priority.get()));
    parts.join(", ").chars().take(128).collect()
}

/// Whoever worked then; when is left open.
fn of_the_past(member: &StaffMember) -> AgentGroup {
    let Manner { answers_after, misses, declines, back_after } = member.manner.clone();
    AgentGroup {
        name: member.id.to_string(),
        count: 1,
        profile: member.profile.clone(),
        shifts: None,
        breaks: Hours::default(),
        answers_after,
        misses,
        declines,
        back_after,
    }
}

/// What the records tell of. They begin and end at any moment; a short piece of an hour at either end is left out, or the
/// one ticket with which they end would stand for thousands an hour.
struct Known {
    from: Timestamp,
    to: Timestamp,
    /// For each hour of the day or week, for how many hours they tell of it.
    hours: Vec<f64>,
}

impl Known {
    fn of(scene: &Scene, hours: usize) -> Self {
        let zone = &scene.catalogue.time_zone;
        let mut known = Self { from: scene.counted_from, to: scene.counted_from, hours: vec![0.0; hours] };
        let mut at = scene.counted_from;
        while at < scene.counted_to {
            let (hour, rest) = hour_of(at, zone);
            let until = (at + rest).min(scene.counted_to);
            let piece = until.since(at);
            if piece >= PIECE_MIN {
                known.hours[hour % hours] += piece.0 as f64 / HOUR.0 as f64;
                known.to = until;
            } else if at == scene.counted_from {
                (known.from, known.to) = (until, until);
            }
            at = until;
        }
        known
    }

    /// How many come in each hour. Of one that is known by a short piece alone it is what came in that.
    fn per_hour(&self, tickets: &[&Recorded], zone: &Zone) -> Vec<f64> {
        let (mut came, mut beside) = (vec![0.0; self.hours.len()], vec![0.0; self.hours.len()]);
        for ticket in tickets {
            let counts = (self.from..self.to).contains(&ticket.at);
            let hours = if counts { &mut came } else { &mut beside };
            hours[hour_of(ticket.at, zone).0 % self.hours.len()] += 1.0;
        }
        let rate = |((came, beside), known): ((&f64, &f64), &f64)| if *known > 0.0 { came / known } else { *beside };
        came.iter().zip(&beside).zip(&self.hours).map(rate).collect()
    }
}

/// The hour of the week, and what is left of it.
fn hour_of(at: Timestamp, zone: &Zone) -> (usize, Millis) {
    let shown = zone.local(at);
    let weekday = usize::try_from(shown.weekday().to_monday_zero_offset()).unwrap_or_default();
    let hour = usize::try_from(shown.hour()).unwrap_or_default();
    let within =
        i64::from(shown.minute()) * 60_000 + i64::from(shown.second()) * 1_000 + i64::from(shown.millisecond());
    (weekday * DAY_HOURS + hour, Millis(HOUR.0.saturating_sub(u64::try_from(within).unwrap_or_default()).max(1)))
}

/// `None` where nobody ever worked on one.
fn fitted(name: String, spec: TicketSpec, tickets: &[&Recorded], known: &Known, zone: &Zone) -> Option<Arrivals> {
    let mut lengths: Vec<Millis> = tickets.iter().filter_map(|ticket| ticket.handle).collect();
    lengths.sort_unstable();
    let every = lengths.len().div_ceil(LENGTHS_MAX).max(1);
    let lengths: Arc<[Millis]> = lengths.into_iter().skip(every / 2).step_by(every).collect();
    (!lengths.is_empty()).then(|| Arrivals {
        name,
        spec,
        when: When::Hourly(known.per_hour(tickets, zone)),
        handle: Distribution::Empirical(lengths),
        patience: super::workload::patience_of(tickets.iter().copied()).map(Distribution::Exponential),
        returns: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{Catalogue, ChannelName};

    fn ticket(hour: u64, handle_s: u64, gave_up_s: Option<u64>) -> (usize, Recorded) {
        let spec = Arc::new(TicketSpec::on(ChannelName::parse("task").unwrap()));
        let waited = if gave_up_s.is_none() { Some(Millis::from_secs(10)) } else { None };
        let at = Timestamp(0) + Millis(HOUR.0 * hour + 1);
        let handle = gave_up_s.is_none().then(|| Millis::from_secs(handle_s));
        (0, Recorded { at, spec, handle, gave_up_after: gave_up_s.map(Millis::from_secs), waited })
    }

    fn scene(days: u64, tickets: Vec<(usize, Recorded)>) -> Scene {
        let to = Timestamp(0) + Millis(HOUR.0 * 24 * days);
        Scene {
            name: "past".to_owned(),
            catalogue: Arc::new(Catalogue::default()),
            start: Timestamp(0),
            counted_from: Timestamp(0),
            counted_to: to,
            ends: to,
            replications: 1,
            seed: 1,
            answer_within: Millis::from_secs(20),
            staff: Vec::new(),
            sources: vec!["calls".to_owned()],
            coming: Coming::Replayed(tickets),
        }
    }

    #[test]
    fn two_weeks_make_one_typical_week() {
        // The first of January 1970 was a Thursday: its ninth hour is the 81st of the week.
        let tickets = vec![ticket(9, 60, None), ticket(9, 120, None), ticket(9 + 7 * 24, 60, Some(30))];
        let scenario = typical(&scene(14, tickets)).unwrap();
        assert_eq!(scenario.duration, Millis(HOUR.0 * 168));
        assert_eq!(scenario.start, Timestamp(-3 * 24 * 3_600_000));
        let [arrivals] = &scenario.arrivals[..] else { panic!("{:?}", scenario.arrivals) };
        let When::Hourly(hours) = &arrivals.when else { panic!("{:?}", arrivals.when) };
        assert!((hours[3 * 24 + 9] - 1.5).abs() < 1e-9 && (hours.iter().sum::<f64>() - 1.5).abs() < 1e-9);
        assert_eq!(arrivals.handle, Distribution::Empirical([Millis(60_000), Millis(120_000)].into()));
        // They waited for 50 s together, and one hung up.
        assert_eq!(arrivals.patience, Some(Distribution::Exponential(Millis(50_000))));
    }

    #[test]
    fn less_than_a_week_makes_a_day() {
        let scenario = typical(&scene(2, vec![ticket(9, 60, None), ticket(33, 60, None)])).unwrap();
        let When::Hourly(hours) = &scenario.arrivals[0].when else { panic!("{:?}", scenario.arrivals) };
        assert_eq!(hours.len(), 24);
        assert!((hours[9] - 1.0).abs() < 1e-9);
        assert_eq!(typical(&scene(2, Vec::new())), None);
    }

    /// One comes as each hour begins, the first with the record, which ends three minutes after the last.
    fn an_hourly_ticket_for(hours: u64) -> Vec<f64> {
        let tickets = (0..hours).map(|hour| ticket(hour, 60, None)).collect();
        let mut scene = scene(1, tickets);
        scene.counted_to = Timestamp(0) + Millis(HOUR.0 * (hours - 1) + 180_000);
        let scenario = typical(&scene).unwrap();
        let When::Hourly(hours) = &scenario.arrivals[0].when else { panic!("{:?}", scenario.arrivals) };
        hours.clone()
    }

    #[test]
    fn a_short_piece_of_an_hour_stands_for_no_whole_one() {
        // The last ticket is of an hour that is known whole from the day before …
        assert_eq!(an_hourly_ticket_for(27), [1.0; 24]);
        // … and of one of which nothing else is known.
        assert_eq!(an_hourly_ticket_for(11), [[1.0; 11].as_slice(), &[0.0; 13]].concat());
    }

    #[test]
    fn who_worked_then_is_known_by_what_it_holds_at_once() {
        let mut scene = scene(2, vec![ticket(9, 60, None)]);
        let chat = ChannelName::parse("chat").unwrap();
        let mut profile = crate::routing::AgentProfile::of_roles([]);
        profile.limits.insert(chat.clone(), 4);
        scene.staff.push(StaffMember {
            id: crate::routing::AgentId::parse("ana").unwrap(),
            profile,
            presence: crate::simulation::Presence::Always,
            manner: Manner::default(),
        });
        let scenario = typical(&scene).unwrap();
        assert_eq!(scenario.agents[0].profile.limits.get(&chat), Some(&4));
    }
}
