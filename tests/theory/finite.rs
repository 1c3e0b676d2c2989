//! Waits and rooms that are bounded: a fixed patience, `max_wait`, `max_waiting`, and agents in an order.

use rolecall::simulation::Measure::{
    AbandonShare, InTime, Occupancy, QueueLength, ShareWaiting, TurnedAwayShare, WaitMean, WaitMeanAbandoned,
    WaitMeanAll,
};

use crate::case::{Case, Of, minutes};
use crate::centre::{agents, centre, coming, desk, role};

pub(crate) fn cases() -> Vec<Case> {
    let minute = "{ exponential = \"1m\" }";
    let small = |id, model, scenario, expected: Vec<_>| Case::new((id, model), scenario, (20, 100, 300), expected);
    let leaving = |gone| {
        vec![
            (Of::All, ShareWaiting, 0.750330025),
            (Of::All, gone, 0.06821182),
            (Of::All, WaitMeanAll, minutes(0.409270923)),
            (Of::All, QueueLength, 4.092709228),
            (Of::All, Occupancy, 0.93178818),
            (Of::All, InTime, 0.47704271),
            (Of::All, WaitMean, minutes(0.366026432)),
        ]
    };
    let bounded = desk(10, "max_wait = \"1m\"", "") + &coming("all", "10 per 1m", minute, "");
    let mut impatient = leaving(AbandonShare);
    impatient.push((Of::All, WaitMeanAbandoned, minutes(1.0)));
    let patience = desk(10, "", "") + &coming("all", "10 per 1m", minute, "patience = \"1m\"");
    let loss = desk(14, "max_waiting = 0", "") + &coming("all", "10 per 1m", minute, "");
    let blocked = vec![(Of::All, TurnedAwayShare, 0.056819143), (Of::All, Occupancy, 0.673700612)];
    let room = "target = { answer_within = \"30s\", for_share = 0.8 }\nmax_waiting = 30";
    let large = desk(90, room, "") + &coming("all", "84 per 10m", "{ exponential = \"10m\" }", "");
    vec![
        small("D2", "M/M/c+D by `max_wait`", bounded, leaving(TurnedAwayShare)),
        small("D2 (customers)", "M/M/c+D by patience", patience, impatient),
        Case::new(
            ("K1", "M/M/c/K by `max_waiting`"),
            large,
            (150, 150, 300),
            [
                (Of::All, TurnedAwayShare, 0.003643076),
                (Of::All, ShareWaiting, 0.379705555),
                (Of::All, WaitMean, minutes(0.450022761)),
                (Of::All, QueueLength, 3.766419668),
                (Of::All, Occupancy, 0.929933129),
                (Of::All, InTime, 0.732922277),
            ],
        ),
        small("K3", "M/M/c/c", loss.clone(), blocked.clone()),
        small("K3 (slots)", "M/M/c/c, one agent of 14 slots", slots(minute), blocked),
        small("H1", "M/M/c/c in the order of ranks", hunting(minute), {
            vec![
                (Of::All, TurnedAwayShare, 0.056819143),
                (Of::Agents("a01"), Occupancy, 0.909090909),
                (Of::Agents("a05"), Occupancy, 0.827110409),
                (Of::Agents("a10"), Occupancy, 0.586256007),
                (Of::Agents("a14"), Occupancy, 0.275197193),
            ]
        }),
        small("H1 (longest idle)", "M/M/c/c, longest idle", loss, {
            vec![(Of::Agents("agent-1"), Occupancy, 0.673700612), (Of::Agents("agent-5"), Occupancy, 0.673700612)]
        }),
    ]
}

fn slots(handle: &str) -> String {
    desk(1, "max_waiting = 0", "limits = { task = 14 }") + &coming("all", "10 per 1m", handle, "")
}

fn hunting(handle: &str) -> String {
    let one = |rank: u32| agents(&format!("a{rank:02}"), 1, &["desk"], &format!("ranks = {{ desk = {rank} }}"));
    let all: String = (1..=14).map(one).collect();
    centre(&[role("desk", "strategy = \"rank\"\nmax_waiting = 0"), all, coming("all", "10 per 1m", handle, "")])
}
