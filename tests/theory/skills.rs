//! Several roles, and agents who have some of them.

use rolecall::simulation::Measure::{Occupancy, QueueLength, ShareWaiting, WaitMean};

use crate::case::{Case, Of, minutes};
use crate::centre::{agents, centre, coming_to, role};

/// Six types of tickets, twelve agents.
fn six(id: &'static str, model: &'static str, skills: usize, exact: [f64; 3]) -> Case {
    const TYPES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let team = |first: usize| {
        let roles: Vec<&str> = (0..skills).map(|next| TYPES[(first + next) % 6]).collect();
        agents(&format!("team-{}", TYPES[first]), 2, &roles, "")
    };
    let scenario = centre(&[
        TYPES.map(|name| role(name, "")).concat(),
        (0..6).map(team).collect(),
        TYPES.map(|name| coming_to(name, "0.85 per 1m", "{ exponential = \"2m\" }", "")).concat(),
    ]);
    let [lq, asa, p_wait] = exact;
    let mut expected = vec![
        (Of::All, QueueLength, lq * 6.0),
        (Of::All, WaitMean, minutes(asa)),
        (Of::All, ShareWaiting, p_wait),
        (Of::All, Occupancy, 0.85),
    ];
    for name in ["a", "d"] {
        expected.push((Of::Source(name), WaitMean, minutes(asa)));
        expected.push((Of::Source(name), ShareWaiting, p_wait));
    }
    Case::new((id, model), scenario, (120, 250, 300), expected)
}

pub(crate) fn cases() -> Vec<Case> {
    let (minute, longer) = ("{ exponential = \"1m\" }", "{ exponential = \"85714ms\" }");
    let shared = centre(&[
        role("a", "") + &role("b", ""),
        agents("one", 4, &["a"], "") + &agents("both", 4, &["a", "b"], ""),
        coming_to("a", "3 per 1m", longer, "") + &coming_to("b", "1.6 per 1m", longer, ""),
    ]);
    let ordered = centre(&[
        role("one", "strategy = \"rank\"") + &role("two", "weight = 2"),
        agents("first", 6, &["one"], "") + &agents("second", 5, &["one", "two"], "ranks = { one = 2 }"),
        coming_to("one", "6 per 1m", minute, "") + &coming_to("two", "3 per 1m", minute, ""),
    ]);
    let of_shared = [
        (Of::Source("a"), QueueLength, 1.402_676_28),
        (Of::Source("a"), WaitMean, minutes(0.467_558_76)),
        (Of::Source("a"), ShareWaiting, 0.467_558_76),
        (Of::Source("b"), QueueLength, 1.490_374_14),
        (Of::Source("b"), WaitMean, minutes(0.931_483_84)),
        (Of::Source("b"), ShareWaiting, 0.696_977_72),
        (Of::Agents("one-"), Occupancy, 0.773_925_81),
        (Of::Agents("both-"), Occupancy, 0.868_931_33),
    ];
    let of_ordered = [
        (Of::Source("one"), ShareWaiting, 0.400_642_88),
        (Of::Source("one"), QueueLength, 1.496_648_59),
        (Of::Source("one"), WaitMean, minutes(0.249_441_43)),
        (Of::Source("two"), ShareWaiting, 0.591_928_46),
        (Of::Source("two"), QueueLength, 0.887_892_69),
        (Of::Source("two"), WaitMean, minutes(0.295_964_23)),
        (Of::Agents("first-"), Occupancy, 0.816_741_23),
        (Of::Agents("second-"), Occupancy, 0.819_910_52),
    ];
    vec![
        Case::new(("FA-N", "FCFS-ALIS, N design"), shared, (60, 300, 300), of_shared),
        six("FA-6chain", "FCFS-ALIS, chain of two", 2, [0.922_038_96, 1.084_751_71, 0.633_382_56]),
        six("FA-6ded", "FCFS-ALIS, one skill each", 1, [4.426_126_13, 5.207_207_21, 0.781_081_08]),
        six("FA-6full", "FCFS-ALIS, all skills", 6, [0.465_931_51, 0.548_154_72, 0.493_339_25]),
        Case::new(("SP-N", "ordered pools, priorities"), ordered, (30, 150, 300), of_ordered),
    ]
}
