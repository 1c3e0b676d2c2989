//! Queueing theory as the judge of the engine: contact centres whose waits are known exactly, played by the engine on its
//! virtual clock. Each figure has to lie within three standard errors of the exact one.
//!
//! `make theory` plays them long enough for errors below one per cent, and writes the table of `docs/simulation.md`.

#![expect(clippy::unwrap_used, reason = "a test that can't set its stage has failed")]
#![expect(clippy::unreadable_literal, reason = "figures as the tables have them")]
#![expect(clippy::cast_precision_loss, reason = "small numbers")]

mod case;
mod centre;
mod finite;
mod markov;
mod past;
mod priorities;
mod six_types;
mod skills;
mod unlisted;

use case::{Case, judge};

fn cases() -> Vec<Case> {
    [markov::cases(), finite::cases(), priorities::cases(), skills::cases(), six_types::cases(), unlisted::cases()]
        .concat()
}

#[track_caller]
fn holds(id: &str) {
    let case = cases().into_iter().find(|case| case.id == id).unwrap();
    judge(&case);
}

macro_rules! judged {
    ($($(#[doc = $doc:literal])* $test:ident => $id:literal)+) => {$(
        $(#[doc = $doc])*
        #[test]
        fn $test() {
            holds($id);
        }
    )+};
}

judged! {
    a_small_team_waits_as_erlang_c_says => "E1"
    a_large_team_waits_as_erlang_c_says => "E3"
    one_agent_waits_as_erlang_c_says => "E5"
    a_team_with_much_time_waits_as_erlang_c_says => "E7"
    impatient_customers_hang_up_as_erlang_a_says => "A1"
    impatient_customers_of_a_loaded_team_hang_up_as_erlang_a_says => "A4"
    a_bound_on_waiting_sends_away_as_many_as_theory_says => "D2"
    a_patience_of_a_fixed_length_loses_as_many_as_theory_says => "D2 (customers)"
    a_full_queue_turns_away_as_many_as_theory_says => "K1"
    without_a_queue_as_many_are_turned_away_as_erlang_b_says => "K3"
    slots_of_one_agent_are_as_good_as_agents => "K3 (slots)"
    three_priorities_wait_as_theory_says => "P2"
    three_priorities_of_slow_work_wait_as_theory_says => "P3"
    three_priorities_of_unlike_work_wait_as_theory_says => "P6"
    ranks_hunt_in_their_order => "H1"
    the_longest_idle_share_the_work => "H1 (longest idle)"
    some_who_can_do_both_wait_as_theory_says => "FA-N"
    a_chain_of_two_skills_each_waits_as_theory_says => "FA-6chain"
    one_skill_each_waits_as_theory_says => "FA-6ded"
    all_skills_each_waits_as_theory_says => "FA-6full"
    pools_in_an_order_with_priorities_wait_as_theory_says => "SP-N"
    six_types_of_one_skill_each_wait_as_others_simulated => "S1"
    six_types_of_two_skills_each_wait_as_others_simulated => "S2"
    six_types_of_all_skills_each_wait_as_others_simulated => "S6"
    five_agents_wait_as_erlang_c_says => "C5"
    work_that_always_takes_as_long_waits_as_theory_says => "MD1"
    work_that_always_takes_as_long_waits_for_several_as_theory_says => "MD4"
    lognormal_work_waits_as_pollaczek_and_khinchine_say => "MG1"
    work_of_two_kinds_waits_as_pollaczek_and_khinchine_say => "MG1 (two kinds)"
    arrivals_by_the_clock_wait_as_theory_says => "DM1"
    an_overloaded_team_is_hung_up_on_as_erlang_a_says => "A20"
    very_impatient_customers_hang_up_as_erlang_a_says => "A5"
    customers_who_try_again_fail_as_often_as_theory_says => "R"
    impatient_customers_of_two_priorities_hang_up_as_theory_says => "PA"
    a_small_room_turns_away_as_many_as_theory_says => "K8"
    a_small_room_that_is_overloaded_turns_away_as_many_as_theory_says => "K10"
    the_m_design_waits_as_theory_says => "FA-M"
    the_w_design_waits_as_theory_says => "FA-W"
}

/// Equal seeds give equal figures, whichever threads play them, and other seeds other ones.
#[test]
fn equal_seeds_give_equal_figures_on_any_number_of_threads() {
    let case = cases().into_iter().find(|case| case.id == "A1").unwrap();
    let mut scene = case.scene();
    scene.replications = 4;
    let text = |threads, scene: &_| {
        let mut report = rolecall::simulation::simulate(scene, threads, &mut |_| {});
        report.took_s = 0.0;
        serde_json::to_string(&report).unwrap()
    };
    let once = text(1, &scene);
    assert_eq!(once, text(3, &scene));
    scene.seed += 1;
    assert_ne!(once, text(1, &scene));
}
