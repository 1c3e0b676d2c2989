//! One role and a queue: Erlang C and Erlang A.

use rolecall::simulation::Measure::{
    AbandonShare, InTime, Occupancy, QueueLength, ServiceLevel, ShareWaiting, WaitMean, WaitMeanAbandoned, WaitMeanAll,
    WaitMeanWaited, WaitP90, WaitP99,
};

use crate::case::{Case, Of, minutes};
use crate::centre::{coming, desk, exponential};

struct ErlangC {
    id: &'static str,
    rate: &'static str,
    handle: &'static str,
    agents: u32,
    /// Warm-up, counted, long times.
    length: (u32, u32, u32),
    /// Occupancy, share that waits, mean wait, queue, mean wait of those who wait, in time, p90, p99.
    exact: [f64; 8],
}

impl ErlangC {
    fn case(&self) -> Case {
        let [occupancy, p_wait, asa, lq, of_waiting, in_time, p90, p99] = self.exact;
        let mut expected = vec![
            (Of::All, Occupancy, occupancy),
            (Of::All, ShareWaiting, p_wait),
            (Of::All, WaitMean, minutes(asa)),
            (Of::All, QueueLength, lq),
            (Of::All, WaitMeanWaited, minutes(of_waiting)),
            (Of::All, InTime, in_time),
            (Of::All, WaitP99, minutes(p99)),
        ];
        if p90 > 0.0 {
            expected.push((Of::All, WaitP90, minutes(p90)));
        }
        let scenario = desk(self.agents, "", "") + &coming("all", self.rate, &exponential(self.handle), "");
        Case::new((self.id, "M/M/c"), scenario, self.length, expected)
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let erlang_c = [
        ErlangC {
            id: "E1",
            rate: "10 per 3m",
            handle: "3m",
            agents: 14,
            length: (30, 400, 150),
            exact: [0.714285714, 0.174131934, 0.13059895, 0.435329834, 0.75, 0.888350019, 0.415982299, 2.142921118],
        },
        ErlangC {
            id: "E3",
            rate: "84 per 10m",
            handle: "10m",
            agents: 90,
            length: (150, 150, 300),
            exact: [
                0.933333333,
                0.411957314,
                0.686595523,
                5.767402394,
                1.666666667,
                0.662717878,
                2.359582585,
                6.197224406,
            ],
        },
        ErlangC {
            id: "E5",
            rate: "0.8 per 1m",
            handle: "1m",
            agents: 1,
            length: (300, 1_500, 200),
            exact: [0.8, 0.8, 4.0, 3.2, 5.0, 0.251594412, 10.397207708, 21.910133173],
        },
        ErlangC {
            id: "E7",
            rate: "20 per 1m",
            handle: "1m",
            agents: 30,
            length: (10, 70, 400),
            exact: [0.666666667, 0.024950458, 0.002495046, 0.049900916, 0.1, 0.999109918, 0.0, 0.091430709],
        },
    ];
    let a1 = [
        0.127372282,
        0.029678906,
        0.029678906,
        0.124651403,
        0.679224766,
        0.945269576,
        0.967871539,
        0.024060077,
        0.213380688,
    ];
    let a4 = [
        0.542070286,
        0.125110036,
        0.125110036,
        1.251100357,
        0.874889964,
        0.764220388,
        0.851058245,
        0.114943123,
        0.196206891,
    ];
    let erlang_a = [
        erlang_a("A1", ("42 per 10m", "2m", 12), (20, 300, 200), a1),
        erlang_a("A4", ("10 per 1m", "1m", 10), (10, 120, 250), a4),
    ];
    erlang_c.iter().map(ErlangC::case).chain(erlang_a).collect()
}

/// Of all: share that waits, share that hangs up, mean wait of all, queue, occupancy, in time, service level, mean wait of
/// those who are served, and of those who hang up. They are patient for a minute.
fn erlang_a(
    id: &'static str,
    (rate, handle, agents): (&str, &str, u32),
    length: (u32, u32, u32),
    exact: [f64; 9],
) -> Case {
    let patience = "patience = { exponential = \"1m\" }";
    let scenario = desk(agents, "", "") + &coming("all", rate, &exponential(handle), patience);
    let [p_wait, p_abandon, of_all, lq, occupancy, in_time, level, of_served, of_gone] = exact;
    let expected = [
        (Of::All, ShareWaiting, p_wait),
        (Of::All, AbandonShare, p_abandon),
        (Of::All, WaitMeanAll, minutes(of_all)),
        (Of::All, QueueLength, lq),
        (Of::All, Occupancy, occupancy),
        (Of::All, InTime, in_time),
        (Of::All, ServiceLevel, level),
        (Of::All, WaitMean, minutes(of_served)),
        (Of::All, WaitMeanAbandoned, minutes(of_gone)),
    ];
    Case::new((id, "M/M/c+M"), scenario, length, expected)
}
