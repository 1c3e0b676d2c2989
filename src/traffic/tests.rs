//! The made-up contact centre against the real engine, on a virtual clock.

use crate::client::house::{House, START, catalogue_of};
use crate::config;
use crate::routing::diversion::Diversion;
use crate::routing::{Catalogue, Millis};

use super::*;

const HOUR: Millis = Millis::from_secs(3_600);

fn catalogue() -> Catalogue {
    hastened(&catalogue_of(config::EXAMPLE), 10)
}

fn centre(seed: u64, run: &str, predecessors: Predecessors) -> Traffic {
    Traffic::new(seed, TrafficOptions { predecessors, ..TrafficOptions::named(run.to_owned()) }, START)
}

#[test]
fn a_simulated_hour_stays_alive() {
    let mut house = House::new(catalogue());
    let mut traffic = centre(11, "t", Predecessors::None);
    let (mut longest, mut drained_count) = (0, 0);
    house.live(&mut traffic, HOUR, |traffic| {
        longest = longest.max(traffic.waiting_count());
        drained_count += usize::from(traffic.waiting_count() == 0);
    });
    let tally = traffic.tally();
    assert!((6_000..9_000).contains(&tally.arrived), "{tally:?}");
    assert!(tally.completed * 100 > tally.arrived * 80, "most customers are served: {tally:?}");
    assert!(tally.gave_up * 100 > tally.arrived, "some lose patience: {tally:?}");
    assert!((20..150).contains(&longest), "queues build up, and not without end: {longest}");
    assert!(drained_count > 50, "queues drain: {drained_count}");
    assert!(tally.breached > 20, "some wait for too long: {tally:?}");
    // What a rejected command met was a race that any client can lose: the other side had moved on already.
    let benign = ["stale_assignment", "wrong_state", "unknown_ticket"];
    let odd: Vec<_> =
        house.rejections.iter().filter(|text| !benign.iter().any(|code| text.starts_with(code))).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(tally.rejected * 100 < tally.arrived, "{} rejected: {:#?}", tally.rejected, &house.rejections[..20]);
}

#[test]
fn whoever_is_to_be_called_back_waits_no_longer() {
    let mut catalogue = catalogue();
    for role in catalogue.roles.values_mut() {
        role.admission.max_wait = Some(Millis::from_secs(2));
        role.admission.when_waited = Diversion::Callback;
    }
    let mut house = House::new(catalogue);
    let mut traffic = centre(5, "t", Predecessors::None);
    house.live(&mut traffic, Millis::from_secs(600), |_| ());
    let (waiting_count, there_count) = (traffic.waiting_count(), house.engine.state().tickets().len());
    assert!(waiting_count <= there_count, "{waiting_count} wait, and {there_count} tickets are there");
    let tally = traffic.tally();
    assert!(tally.to_be_called_back > 50 && tally.gave_up * 10 < tally.to_be_called_back, "{tally:?}");
}

#[test]
fn equal_seeds_give_equal_days() {
    let hash = |seed| {
        let mut house = House::new(catalogue());
        let mut traffic = centre(seed, "t", Predecessors::None);
        house.live(&mut traffic, Millis::from_secs(60), |_| ());
        (house.engine.state().hash(), traffic.tally())
    };
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
}

#[test]
fn whoever_takes_over_gets_what_was_left_lying() {
    let mut house = House::new(catalogue());
    house.live(&mut centre(1, "before", Predecessors::None), Millis::from_secs(60), |_| ());
    assert!(house.engine.state().tickets().len() > 5, "something was left lying");
    house.live(&mut centre(2, "after", Predecessors::Removed), Millis::from_secs(180), |_| ());
    let is_left = |ticket: &&crate::routing::Ticket| {
        ticket.id.as_str().starts_with("before-") && ticket.phase.ownership().is_some()
    };
    let forgotten: Vec<_> = house.engine.state().tickets().filter(is_left).collect();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
