//! A log against the real engine, on a virtual clock.

use crate::client::house::{House, START, catalogue_of};
use crate::routing::Millis;

use super::*;

const DAY: Millis = Millis::from_secs(24 * 3_600);

fn play(speed: Speed) -> (Player, House) {
    let mapping = Mapping::parse(include_str!("../../deploy/replay/bank.toml")).unwrap();
    let log = include_str!("../../tests/replay/calls.csv");
    let to = parse_moment("2026-03-03").unwrap();
    let records = read_records(log.as_bytes(), &mapping, Window { to, ..Window::default() }).unwrap();
    let mut house = House::new(catalogue_of(&catalogue_text(&mapping, &records, speed)));
    let options = PlayerOptions { speed, run: "r".to_owned(), always_online: false, settle: Millis::from_secs(30) };
    let mut player = Player::new(records, options, START);
    house.live(&mut player, DAY, |_| ());
    (player, house)
}

#[test]
fn every_call_is_served_but_that_of_the_caller_who_hung_up() {
    let (player, house) = play(Speed::Times(1.0));
    let account = player.books().account();
    assert_eq!((account.tickets, account.count(Fate::Completed), account.count(Fate::Abandoned)), (5, 4, 1));
    assert_eq!((account.count(Fate::Lost), account.owned_twice, player.books().open_count()), (0, 0, 0));
    assert!(house.rejections.is_empty(), "{:?}", house.rejections);
    // c3 comes while ADA talks to c1, from second 0 to 120; c4 gives up before.
    let regular = &account.waits_ms["regular"];
    assert_eq!((regular.count(), format!("{:.0}", regular.percentile(100))), (2, "60000".to_owned()));
}

#[test]
fn a_faster_replay_has_the_same_fates_in_less_time() {
    let (player, _) = play(Speed::Times(60.0));
    let account = player.books().account();
    assert_eq!((account.count(Fate::Completed), account.count(Fate::Abandoned)), (4, 1));
    assert_eq!(format!("{:.0}", account.waits_ms["regular"].percentile(100)), "1000");
}

#[test]
fn as_fast_as_it_goes_everybody_is_served() {
    let (player, _) = play(Speed::Max);
    let account = player.books().account();
    assert_eq!((account.count(Fate::Completed), account.count(Fate::Lost)), (5, 0));
}
