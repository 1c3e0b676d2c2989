//! That the simulation finds mistakes: each that can be planted is, and has to be found within some seeds.
//!
//! Mistakes can be planted in a debug build only, so these tests are of no release build.
#![cfg(debug_assertions)]

use rolecall::daemon::{Mistake, Planted};

use crate::plan::{Fault, Plan};
use crate::run::{Flaws, run};

/// Within so many seeds each has to be found.
const SEEDS_MAX: u64 = 50;

/// Plays seeds until the mistake shows, in a world in which those faults happen; says by what it showed.
fn found(flaws: Flaws, faults: &[Fault], by: &str) {
    for seed in 1..=SEEDS_MAX {
        let outcome = run(&Plan::of(seed).with(faults), flaws);
        if let Some(fault) = outcome.faults.iter().find(|fault| fault.contains(by)) {
            println!("found by seed {seed}: {fault}");
            return;
        }
    }
    panic!("not found within {SEEDS_MAX} seeds");
}

fn planted(mistake: Mistake) -> Flaws {
    Flaws { planted: Planted::of(mistake), disk_lies: false }
}

#[test]
fn acknowledging_before_the_journal_has_it_loses_what_was_said() {
    found(planted(Mistake::AcknowledgedBeforeAppend), &[Fault::Kill, Fault::SlowDisk], "lost");
}

#[test]
fn answering_over_http_before_the_journal_has_it_loses_what_was_said() {
    found(planted(Mistake::AnsweredBeforeAppend), &[Fault::Kill, Fault::SlowDisk, Fault::OverHttp], "lost");
}

#[test]
fn a_disk_that_pretends_to_sync_loses_what_was_acknowledged() {
    found(Flaws { planted: Planted::default(), disk_lies: true }, &[Fault::PowerCut], "lost");
}

#[test]
fn going_on_after_a_failed_append_leaves_a_journal_that_knows_less_than_was_told() {
    found(planted(Mistake::FailedAppendPassedOver), &[Fault::BadDisk], "is left in the state");
}

#[test]
fn moving_the_cursor_before_the_confirm_loses_what_was_to_be_told() {
    found(planted(Mistake::CursorBeforeConfirm), &[Fault::Kill, Fault::LostPublisher], "were to be told");
}

#[test]
fn a_cursor_that_is_journaled_ahead_loses_what_was_to_be_told() {
    found(planted(Mistake::CursorJournaledAhead), &[Fault::Kill], "lost");
}

#[test]
fn passing_over_what_came_back_loses_it() {
    found(planted(Mistake::ReturnedCountsAsSent), &[Fault::Unbound], "lost");
}

#[test]
fn passing_over_what_was_refused_loses_it() {
    found(planted(Mistake::RefusedCountsAsSent), &[Fault::Refused], "were to be told");
}

#[test]
fn two_events_of_a_ticket_in_one_window_get_out_of_order() {
    found(planted(Mistake::TicketTwiceInAWindow), &[Fault::Refused], "out of order");
}

#[test]
fn a_window_sent_backwards_loses_what_the_cursor_passes_over() {
    found(planted(Mistake::WindowBackwards), &[Fault::Kill, Fault::Refused], "were to be told");
}

#[test]
fn forgetting_duplicates_does_things_twice() {
    found(planted(Mistake::DuplicatesForgotten), &[Fault::Twice, Fault::Kill], "duplicated");
}

#[test]
fn knowing_the_duplicates_of_a_batch_only_does_things_twice() {
    found(planted(Mistake::DuplicatesOfTheBatchOnly), &[Fault::Twice], "duplicated");
}

#[test]
fn stamping_repeats_anew_changes_their_bytes() {
    found(planted(Mistake::RepeatsStampedAnew), &[Fault::Kill, Fault::LostPublisher], "came again with other bytes");
}

#[test]
fn forgetting_what_cannot_be_read_loses_it() {
    found(planted(Mistake::UnreadableForgotten), &[], "lost: no dead letter");
}

#[test]
fn a_drain_without_its_last_batch_leaves_deliveries_behind() {
    found(planted(Mistake::LastBatchLeftOut), &[Fault::Drain, Fault::SlowDisk], "left deliveries");
}

#[test]
fn taking_the_tags_of_one_connection_for_those_of_the_next_loses_what_was_said() {
    found(planted(Mistake::EpochIgnored), &[Fault::Kill, Fault::LostConsumer], "lost");
}

#[test]
fn an_agent_of_whose_expired_offer_nobody_hears_is_over_a_limit() {
    found(planted(Mistake::ExpiryNotTold), &[], "over a limit");
}

#[test]
fn agents_with_twice_their_limits_are_over_them() {
    found(planted(Mistake::LimitsDoubled), &[], "over a limit");
}
