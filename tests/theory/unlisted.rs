//! What no table was given for, and what has an exact solution all the same: other loads and patiences, work that always
//! takes as long, work of any kind, arrivals by a clock, priorities of customers who hang up, customers who come back,
//! and the M and W designs of who can do what.
//!
//! Figures by the formulas of Erlang and of Pollaczek and Khinchine, by the embedded chain of M/D/c, by the root of
//! σ = exp(−μ(1 − σ)·a) for D/M/1, by the stationary distribution of the Markov chain (M/M/c/K, M/M/c+M, and two classes of
//! it), by the product form of first-come-first-served with longest-idle agents (Adan and Weiss, 2014), and for customers
//! who try again by that of the M/M/1 retrial queue.

use rolecall::simulation::Measure::{
    self, AbandonShare, Occupancy, QueueLength, ShareWaiting, TurnedAwayShare, WaitMean, WaitMeanAll, WaitP90, WaitP99,
};

use crate::case::{Case, Of, minutes};
use crate::centre::{agents, centre, coming, coming_to, desk, exponential, role};

fn all(figures: &[(Measure, f64)]) -> Vec<(Of, Measure, f64)> {
    figures.iter().map(|(measure, value)| (Of::All, *measure, *value)).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    [one_queue(), bounded(), designs()].concat()
}

/// One role that lets everybody wait.
fn one_queue() -> Vec<Case> {
    let one = |id, model, agents: u32, coming: String, lengths, figures: &[(Measure, f64)]| {
        Case::new((id, model), desk(agents, "", "") + &coming, lengths, all(figures))
    };
    let minute = &exponential("1m");
    let by_the_clock =
        "[[arrivals]]\nname = \"all\"\nrole = \"desk\"\nevery = \"75s\"\nhandle = { exponential = \"1m\" }\n";
    vec![
        one(
            "C5",
            "M/M/c",
            5,
            coming("all", "2 per 1m", &exponential("2m"), ""),
            (60, 150, 300),
            &[
                (ShareWaiting, 0.554_112_55),
                (WaitMean, minutes(1.108_225_11)),
                (WaitP90, minutes(3.424_395_29)),
                (WaitP99, minutes(8.029_565_48)),
            ],
        ),
        one(
            "MD1",
            "M/D/1",
            1,
            coming("all", "0.7 per 1m", "\"1m\"", ""),
            (200, 800, 250),
            &[(ShareWaiting, 0.7), (WaitMean, minutes(1.166_666_67))],
        ),
        one(
            "MD4",
            "M/D/c",
            4,
            coming("all", "3.2 per 1m", "\"1m\"", ""),
            (60, 150, 300),
            // By iterating n(t + D) = max(n(t) - 4, 0) + Poisson(3.2) until it stays as it is.
            &[(QueueLength, 1.235_503_78), (WaitMean, minutes(0.386_094_93))],
        ),
        one(
            "MG1",
            "M/G/1, lognormal",
            1,
            coming("all", "0.6 per 1m", "{ lognormal = \"1m\", scv = 4.0 }", ""),
            (300, 1_000, 400),
            &[(ShareWaiting, 0.6), (WaitMean, minutes(3.75))],
        ),
        one(
            "MG1 (two kinds)",
            "M/G/1, empirical",
            1,
            coming("all", "0.5 per 1m", "{ empirical = [\"30s\", \"2m\"] }", ""),
            (200, 800, 300),
            &[(Occupancy, 0.625), (WaitMean, minutes(1.416_666_67))],
        ),
        one(
            "DM1",
            "D/M/1",
            1,
            by_the_clock.to_owned(),
            (200, 800, 250),
            &[(ShareWaiting, 0.628_629_80), (WaitMean, minutes(1.692_730_84))],
        ),
        one(
            "A20",
            "M/M/c+M, overloaded",
            20,
            coming("all", "21 per 1m", minute, "patience = { exponential = \"5m\" }"),
            (20, 40, 300),
            &[
                (ShareWaiting, 0.817_317_35),
                (AbandonShare, 0.078_180_47),
                (WaitMeanAll, minutes(0.390_902_33)),
                (QueueLength, 8.208_948_92),
                (Occupancy, 0.967_910_51),
            ],
        ),
        one(
            "A5",
            "M/M/c+M, impatient",
            5,
            coming("all", "6 per 1m", minute, "patience = { exponential = \"20s\" }"),
            (10, 60, 400),
            &[(ShareWaiting, 0.577_030_83), (AbandonShare, 0.294_783_41), (WaitMeanAll, minutes(0.098_261_14))],
        ),
        retrials(),
        impatient_classes(),
    ]
}

/// Whoever finds the agent busy goes at once, and tries again after two minutes on average: of all tries, six in ten fail.
fn retrials() -> Case {
    let again = "patience = \"0s\"\nreturns = { share = 1.0, after = { exponential = \"2m\" }, times_max = 100 }";
    let scenario = desk(1, "", "") + &coming("all", "0.5 per 1m", &exponential("1m"), again);
    Case::new(("R", "M/M/1 with retrials"), scenario, (300, 1_000, 200), all(&[(AbandonShare, 0.6), (Occupancy, 0.5)]))
}

fn impatient_classes() -> Case {
    let class = |name: &str, rate: &str, priority: u8| {
        let more = format!("priority = {priority}\npatience = {{ exponential = \"2m\" }}");
        coming(name, rate, &exponential("1m"), &more)
    };
    let scenario =
        desk(3, "order = \"priority\"", "") + &class("first", "1.5 per 1m", 6) + &class("second", "2 per 1m", 3);
    let expected = [
        (Of::All, ShareWaiting, 0.759_405_47),
        (Of::Source("first"), QueueLength, 0.458_827_30),
        (Of::Source("first"), AbandonShare, 0.152_942_43),
        (Of::Source("second"), QueueLength, 1.271_447_88),
        (Of::Source("second"), AbandonShare, 0.317_861_97),
    ];
    Case::new(("PA", "M/M/c+M, priorities"), scenario, (20, 150, 300), expected)
}

/// Finite rooms.
fn bounded() -> Vec<Case> {
    let room = |id, agents, waiting: u32, rate: &str, [blocked, p_wait, wait, queue, occupancy]: [f64; 5]| {
        let scenario =
            desk(agents, &format!("max_waiting = {waiting}"), "") + &coming("all", rate, &exponential("1m"), "");
        let figures = [
            (TurnedAwayShare, blocked),
            (ShareWaiting, p_wait),
            (WaitMean, minutes(wait)),
            (QueueLength, queue),
            (Occupancy, occupancy),
        ];
        Case::new((id, "M/M/c/K"), scenario, (20, 100, 300), all(&figures))
    };
    vec![
        room("K8", 3, 5, "2.5 per 1m", [0.061_499_84, 0.585_176_89, 0.515_054_64, 1.208_447_17, 0.782_083_47]),
        room("K10", 5, 5, "6 per 1m", [0.212_593_13, 0.807_439_75, 0.542_517_57, 2.563_092_36, 0.944_888_24]),
    ]
}

/// Roles with agents of their own and others in between.
fn designs() -> Vec<Case> {
    let work = &exponential("100s");
    let m = centre(&[
        role("a", "") + &role("b", ""),
        agents("a", 2, &["a"], "") + &agents("ab", 2, &["a", "b"], "") + &agents("b", 2, &["b"], ""),
        coming_to("a", "1.5 per 1m", work, "") + &coming_to("b", "1.1 per 1m", work, ""),
    ]);
    let w = centre(&[
        ["a", "b", "c"].map(|name| role(name, "") + &coming_to(name, "0.9 per 1m", work, "")).concat(),
        agents("ab", 3, &["a", "b"], "") + &agents("bc", 3, &["b", "c"], ""),
    ]);
    let of_m = [
        (Of::Source("a"), ShareWaiting, 0.503_556_78),
        (Of::Source("a"), WaitMean, minutes(0.687_331_86)),
        (Of::Source("b"), ShareWaiting, 0.393_513_00),
        (Of::Source("b"), WaitMean, minutes(0.449_119_27)),
        (Of::Agents("ab-"), Occupancy, 0.796_605_13),
        (Of::Agents("b-"), Occupancy, 0.636_296_89),
    ];
    let of_w = [
        (Of::Source("a"), ShareWaiting, 0.546_430_39),
        (Of::Source("a"), WaitMean, minutes(0.813_345_02)),
        (Of::Source("b"), ShareWaiting, 0.371_160_26),
        (Of::Source("b"), WaitMean, minutes(0.412_400_29)),
        (Of::Agents("ab-"), Occupancy, 0.75),
    ];
    vec![
        Case::new(("FA-M", "FCFS-ALIS, M design"), m, (60, 200, 300), of_m),
        Case::new(("FA-W", "FCFS-ALIS, W design"), w, (60, 200, 300), of_w),
    ]
}
