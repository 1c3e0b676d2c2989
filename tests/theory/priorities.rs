//! Non-preemptive priorities.

use rolecall::simulation::Measure::{InTime, Occupancy, QueueLength, ShareWaiting, WaitMean};

use crate::case::{Case, Of, minutes};
use crate::centre::{coming, desk};

const CLASSES: [&str; 3] = ["first", "second", "third"];

fn three(agents: u32, rates: [&str; 3], handles: [&str; 3]) -> String {
    let class = |number: usize| {
        let priority = format!("priority = {}", 8 - 3 * number);
        coming(CLASSES[number], rates[number], handles[number], &priority)
    };
    desk(agents, "order = \"priority\"", "") + &(0..3).map(class).collect::<String>()
}

/// Of each class: mean wait, queue, in time.
fn expected(occupancy: f64, p_wait: f64, classes: [[f64; 3]; 3]) -> Vec<(Of, rolecall::simulation::Measure, f64)> {
    let mut expected = vec![(Of::All, Occupancy, occupancy), (Of::All, ShareWaiting, p_wait)];
    for (name, [asa, lq, in_time]) in CLASSES.into_iter().zip(classes) {
        expected.push((Of::Source(name), WaitMean, minutes(asa)));
        expected.push((Of::Source(name), QueueLength, lq));
        expected.push((Of::Source(name), InTime, in_time));
    }
    expected
}

pub(crate) fn cases() -> Vec<Case> {
    let exponential = ["{ exponential = \"1m\" }"; 3];
    let slow = ["{ exponential = \"2m\" }"; 3];
    let p2 = [
        [0.095533075, 0.286599225, 0.935151788],
        [0.318443583, 1.273774332, 0.690926382],
        [2.22910508, 4.458210161, 0.449535726],
    ];
    let p3 = [
        [0.126066983, 0.126066983, 0.867076417],
        [0.315167457, 0.630334914, 0.720136533],
        [1.575837285, 1.891004741, 0.584517798],
    ];
    let unlike = ["{ exponential = \"1m\" }", "\"2m\"", "{ lognormal = \"30s\", scv = 4.0 }"];
    let case = |id, model, scenario, length, expected: Vec<_>| Case::new((id, model), scenario, length, expected);
    let of_unlike = vec![
        (Of::Source("first"), WaitMean, minutes(0.9375)),
        (Of::Source("second"), WaitMean, minutes(1.875)),
        (Of::Source("third"), WaitMean, minutes(5.0)),
        (Of::All, Occupancy, 0.7),
    ];
    vec![
        case(
            "P2",
            "M/M/c, priorities",
            three(10, ["3 per 1m", "4 per 1m", "2 per 1m"], exponential),
            (60, 150, 300),
            expected(0.9, 0.668731524, p2),
        ),
        case(
            "P3",
            "M/M/c, priorities",
            three(10, ["1 per 1m", "2 per 1m", "1.2 per 1m"], slow),
            (60, 300, 300),
            expected(0.84, 0.504267931, p3),
        ),
        case(
            "P6",
            "M/G/1, priorities",
            three(1, ["0.2 per 1m", "0.15 per 1m", "0.4 per 1m"], unlike),
            (200, 1_500, 300),
            of_unlike,
        ),
    ]
}
