//! What was met in runs, to be added up.

use std::fmt;
use std::ops::AddAssign;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) runs: u64,
    pub(crate) lives: u64,
    pub(crate) kills: u64,
    pub(crate) power_cuts: u64,
    pub(crate) bad_disks: u64,
    pub(crate) drains: u64,
    /// Deaths over a message.
    pub(crate) poisoned: u64,
    pub(crate) steps: u64,
    pub(crate) tickets: u64,
    pub(crate) inputs: u64,
    pub(crate) redelivered: u64,
    /// Submitted over HTTP, and answered.
    pub(crate) answered: u64,
    pub(crate) outputs: u64,
    pub(crate) repeats: u64,
    pub(crate) windows: u64,
    pub(crate) window_records: u64,
    /// States that came back from the journal and were held against what they were before.
    pub(crate) restored: u64,
    /// Moments of the past that were told from the journal in the end, and were what they had been.
    pub(crate) moments: u64,
    /// Runs whose first entries had been dropped by then.
    pub(crate) shortened: u64,
    /// Of all: how long the simulated time was, in seconds.
    pub(crate) virtual_s: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.lives += other.lives;
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.bad_disks += other.bad_disks;
        self.drains += other.drains;
        self.poisoned += other.poisoned;
        self.steps += other.steps;
        self.tickets += other.tickets;
        self.inputs += other.inputs;
        self.redelivered += other.redelivered;
        self.answered += other.answered;
        self.outputs += other.outputs;
        self.repeats += other.repeats;
        self.windows += other.windows;
        self.window_records += other.window_records;
        self.restored += other.restored;
        self.moments += other.moments;
        self.shortened += other.shortened;
        self.virtual_s += other.virtual_s;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} runs, {} h of virtual time: {} lives, {} kills ({} over a message), {} power cuts, {} bad disks, {} drains; {} tickets, \
             {} inputs ({} redelivered, {} over HTTP), {} events out ({} repeats) in {} windows of {}; {} states restored and compared; {} moments of the past told and compared, {} runs with the first entries dropped",
            self.runs,
            self.virtual_s / 3_600,
            self.lives,
            self.kills,
            self.poisoned,
            self.power_cuts,
            self.bad_disks,
            self.drains,
            self.tickets,
            self.inputs,
            self.redelivered,
            self.answered,
            self.outputs,
            self.repeats,
            self.windows,
            self.window_records,
            self.restored,
            self.moments,
            self.shortened
        )
    }
}
