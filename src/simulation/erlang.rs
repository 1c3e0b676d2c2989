//! Queueing theory for one role: Erlang C, and Erlang A where customers hang up.
//!
//! Erlang A is M/M/c+M (Palm; Garnett, Mandelbaum and Reiman, "Designing a call center with impatient customers", MSOM
//! 2002), solved as the birth-death process that it is.
//!
//! An agent who holds several tickets at once is as many servers: each ticket takes as long as it takes beside the others.

/// What comes, how long it takes, and how patient it is: all by the same unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Tickets that come in a unit of time.
    pub arrivals: f64,
    /// How long an agent has one, on average, beside whatever else it holds.
    pub handle: f64,
    /// How long a customer waits, on average; `None` for without end.
    pub patience: Option<f64>,
}

/// The most slots that are looked for: so many agents with one each.
const SLOTS_MAX: u32 = 100_000;
/// States less likely than this, compared with the likeliest, count for nothing.
const NEGLIGIBLE: f64 = 1e-15;
/// A queue longer than this is not looked at: it is cut off long before by what is negligible.
const QUEUE_MAX: u32 = 1_000_000;

/// The share of tickets that is answered within a time, where so many can be worked on at once.
#[must_use]
pub fn in_time(load: Load, slots: u32, within: f64) -> f64 {
    if load.arrivals <= 0.0 || load.handle <= 0.0 {
        return 1.0;
    }
    match load.patience {
        None => by_erlang_c(load, slots, within),
        Some(patience) => by_erlang_a(load, slots, within, patience),
    }
}

/// The fewest agents, of so many slots each, by whom that share is answered in time, and the share.
#[must_use]
pub fn agents_for(load: Load, slots_each: u32, share: f64, within: f64) -> Option<(u32, f64)> {
    if load.arrivals <= 0.0 {
        return Some((0, 1.0));
    }
    let agents = slots_for(load, share, within)?.div_ceil(Some(slots_each).filter(|slots| *slots > 0)?);
    Some((agents, in_time(load, agents.saturating_mul(slots_each), within)))
}

fn slots_for(load: Load, share: f64, within: f64) -> Option<u32> {
    let enough = |slots: u32| in_time(load, slots, within) >= share;
    let mut high = 1;
    while !enough(high) {
        high = (high < SLOTS_MAX).then(|| (high * 2).min(SLOTS_MAX))?;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

fn by_erlang_c(load: Load, slots: u32, within: f64) -> f64 {
    let offered = load.arrivals * load.handle;
    let count = f64::from(slots);
    if offered >= count {
        return 0.0;
    }
    // Erlang B by its recursion, and C from B.
    let lost = (1..=slots).fold(1.0, |lost, number| offered * lost / (f64::from(number) + offered * lost));
    let waits = count * lost / (count - offered * (1.0 - lost));
    1.0 - waits * libm::exp(-(count - offered) / load.handle * within)
}

fn by_erlang_a(load: Load, slots: u32, within: f64, patience: f64) -> f64 {
    let (service, hang_up, count) = (1.0 / load.handle, 1.0 / patience, f64::from(slots));
    // Relative to the state in which all are busy and nobody waits.
    let mut idle = 0.0;
    let mut state = 1.0;
    for busy in (1..=slots).rev() {
        state *= f64::from(busy) * service / load.arrivals;
        idle += state;
        if state < NEGLIGIBLE * idle {
            break;
        }
    }
    // Whoever comes k-th in the queue is served after k departures at rates that fall by one hang-up each; the
    // exponential of that time is a beta variable, and so is what is left of those who have not hung up by then.
    let ratio = count * service / hang_up;
    let (shape, threshold) = (ratio + 1.0, libm::exp(-hang_up * within));
    let (mut below, mut term) = (libm::pow(threshold, shape), libm::pow(threshold, shape) * (1.0 - threshold) * shape);
    let (mut all, mut answered) = (idle, idle);
    let mut state = 1.0;
    for waiting in 1..QUEUE_MAX {
        let place = f64::from(waiting);
        all += state;
        answered += state * ratio / (ratio + place) * (1.0 - below);
        if state < NEGLIGIBLE * all {
            break;
        }
        below = (below + term).min(1.0);
        term *= (1.0 - threshold) * (shape + place) / (place + 1.0);
        state *= load.arrivals / (count * service + place * hang_up);
    }
    answered / all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes.
    const TWENTY_SECONDS: f64 = 1.0 / 3.0;

    #[test]
    fn erlang_c_needs_as_many_agents_as_the_tables_say() {
        for (arrivals, handle, agents, share) in [
            (1.0, 3.0, 5, 0.810_904_578),
            (5.0, 4.0, 25, 0.862_150_921),
            (20.0, 5.0, 108, 0.807_386_634),
            (10.0 / 3.0, 3.0, 14, 0.888_350_019),
            (8.4, 10.0, 93, 0.818_140_559),
        ] {
            let (found, level) = agents_for(Load { arrivals, handle, patience: None }, 1, 0.8, TWENTY_SECONDS).unwrap();
            assert_eq!(found, agents, "{arrivals} per minute");
            assert!((level - share).abs() < 1e-8, "{level} is not {share}");
        }
    }

    #[test]
    fn erlang_a_answers_in_time_what_the_exact_solution_says() {
        for (arrivals, handle, agents, share) in [(4.2, 2.0, 12, 0.945_269_576), (10.0, 1.0, 10, 0.764_220_388)] {
            let level = in_time(Load { arrivals, handle, patience: Some(1.0) }, agents, TWENTY_SECONDS);
            assert!((level - share).abs() < 1e-8, "{level} is not {share}");
        }
    }

    /// The cases E1, E7 and A1 of the tables, whose servers are the slots of fewer agents.
    #[test]
    fn an_agent_with_so_many_slots_is_as_many_servers() {
        let patient = |arrivals, handle| Load { arrivals, handle, patience: None };
        let impatient = Load { arrivals: 4.2, handle: 2.0, patience: Some(1.0) };
        for (load, slots_each, target, agents, share) in [
            (patient(10.0 / 3.0, 3.0), 2, 0.8, 7, 0.888_350_019),
            (patient(20.0, 1.0), 3, 0.999, 10, 0.999_109_918),
            (impatient, 3, 0.94, 4, 0.945_269_576),
        ] {
            let (found, level) = agents_for(load, slots_each, target, TWENTY_SECONDS).unwrap();
            assert_eq!(found, agents, "{slots_each} at once");
            assert!((level - share).abs() < 1e-8, "{level} is not {share}");
        }
        assert_eq!(agents_for(impatient, 0, 0.8, TWENTY_SECONDS), None, "who may hold none answers none");
    }

    #[test]
    fn endless_patience_is_erlang_c() {
        let load = Load { arrivals: 3.0, handle: 3.0, patience: None };
        let patient = Load { patience: Some(1e7), ..load };
        assert!((in_time(load, 12, 0.5) - in_time(patient, 12, 0.5)).abs() < 1e-4);
    }

    #[test]
    fn where_nobody_comes_nobody_is_needed() {
        assert_eq!(agents_for(Load { arrivals: 0.0, handle: 3.0, patience: None }, 1, 0.8, 1.0), Some((0, 1.0)));
    }
}
