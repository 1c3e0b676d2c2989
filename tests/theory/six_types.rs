//! A published call centre of six types of calls, whose agents have one to six of them in an order of their own.
//!
//! Agents are asked by rank, and serve by rank once they are free (`serve_first = "best_rank"`). At most 120 calls are
//! there at a time: a rule counts them, and sends what would be one too many to a role that is always closed.

use rolecall::simulation::Measure::{FirstRankShare, InTime, Occupancy, ShareWaiting, TurnedAwayShare, WaitMean};

use crate::case::{Case, Of, minutes};
use crate::centre::{agents, centre, exponential, role, tickets};

const TYPES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const AGENTS: u32 = 90;
const CALLS_MAX: u32 = 120;

/// The agents who serve one type first: each other type is the second of as many of them, and the circle goes on from there.
/// The table does not say so; where all of a team have the same second type, two types each wait a quarter longer, and
/// fewer calls are answered by who serves them first.
fn team(first: usize, skills: usize) -> String {
    let some = |begin: usize| {
        let others = (0..5).map(|next| TYPES[(first + 1 + (begin + next) % 5) % 6]);
        let roles: Vec<&str> = std::iter::once(TYPES[first]).chain(others).take(skills).collect();
        let rank = |(place, role): (usize, &&str)| format!("{role} = {}", place + 1);
        let ranks: Vec<String> = roles.iter().enumerate().map(rank).collect();
        let ranks = format!("ranks = {{ {} }}", ranks.join(", "));
        agents(&format!("team-{}-{begin}", TYPES[first]), AGENTS / 30, &roles, &ranks)
    };
    (0..5).map(some).collect()
}

/// A call that comes while so many wait or are served is one too many.
fn full(skills: usize) -> String {
    let sum = |what: &str| TYPES.map(|name| format!("queue[\"{name}\"].{what}")).join(" + ");
    let (waiting, free) = (sum("waiting"), sum("free"));
    // Whoever is free is free for all of its roles.
    let when = format!("{waiting} + {AGENTS} - ({free}) / {skills} >= {CALLS_MAX}");
    format!("[[rule]]\nname = \"full\"\nwhen = '{when}'\nset = {{ role = \"full\" }}\n\n")
        + &role("full", "hours = \"never\"\nwhen_closed = \"cancel\"")
}

/// All types are alike; so of three is told how many are answered within 20 s, of the others within 30 s.
fn scenario(skills: usize) -> String {
    let of_type = |name: &str| {
        let within = if ["a", "c", "e"].contains(&name) { "20s" } else { "30s" };
        let target = format!("target = {{ answer_within = \"{within}\", for_share = 0.8 }}");
        role(name, &format!("ticket_types = [\"{name}\"]\nstrategy = \"rank\"\n{target}"))
    };
    let calls = |name: &str| tickets(name, &format!("type = \"{name}\""), "1.4 per 1m", &exponential("10m"), "");
    let roles = TYPES.map(of_type).concat();
    let teams = (0..6).map(|first| team(first, skills)).collect();
    let serving = "[agents]\nserve_first = \"best_rank\"\n\n[hours.never]\nopen = []\n\n".to_owned();
    centre(&[serving, roles, full(skills), teams, TYPES.map(calls).concat()])
}

struct Exact {
    blocking: [f64; 2],
    p_wait: [f64; 2],
    /// In minutes.
    asa: [f64; 2],
    within_20s: [f64; 2],
    within_half_min: [f64; 2],
    occupancy: [f64; 2],
    by_first: [f64; 2],
}

fn case(id: &'static str, skills: usize, exact: &Exact) -> Case {
    let Exact { blocking, p_wait, asa, within_20s, within_half_min, occupancy, by_first } = exact;
    let expected = [
        (Of::All, TurnedAwayShare, *blocking),
        (Of::All, ShareWaiting, *p_wait),
        (Of::All, WaitMean, asa.map(minutes)),
        (Of::Source("a"), InTime, *within_20s),
        (Of::Source("b"), InTime, *within_half_min),
        (Of::All, Occupancy, *occupancy),
        (Of::All, FirstRankShare, *by_first),
    ];
    Case::new((id, "six types, ranks both ways"), scenario(skills), (150, 150, 150), expected)
}

pub(crate) fn cases() -> Vec<Case> {
    let one = Exact {
        blocking: [0.041_948_69, 0.000_509_09],
        p_wait: [0.574_111_88, 0.001_268_32],
        asa: [3.060_751_30, 0.016_344_98],
        within_20s: [0.457_653_86, 0.001_267_11],
        within_half_min: [0.472_906_69, 0.001_278_18],
        occupancy: [0.894_631_71, 0.000_407_85],
        by_first: [1.0, 0.0],
    };
    let two = Exact {
        blocking: [0.004_151_62, 0.000_130_61],
        p_wait: [0.421_935_47, 0.002_134_97],
        asa: [0.586_986_41, 0.005_455_16],
        within_20s: [0.679_330_25, 0.001_997_26],
        within_half_min: [0.718_465_84, 0.001_921_11],
        occupancy: [0.928_793_81, 0.000_440_65],
        by_first: [0.742_993_61, 0.000_543_79],
    };
    let six = Exact {
        blocking: [0.003_639_52, 0.000_158_42],
        p_wait: [0.379_533_44, 0.004_012_48],
        asa: [0.450_704_72, 0.008_276_01],
        within_20s: [0.746_096_02, 0.003_398_81],
        within_half_min: [0.781_990_29, 0.003_145_14],
        occupancy: [0.930_100_08, 0.000_651_08],
        by_first: [0.665_244_14, 0.000_939_41],
    };
    vec![case("S1", 1, &one), case("S2", 2, &two), case("S6", 6, &six)]
}
