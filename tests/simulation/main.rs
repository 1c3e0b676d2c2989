//! The whole daemon, simulated: one seed, one run, thousands of times faster than life.
//!
//! What runs is the real pipeline with the real journal: threads are tasks of one runtime whose clock moves only when
//! everybody waits, the disk is bytes in memory that a power cut takes in part, the broker is a queue and a log. Whoever
//! publishes and listens knows what is documented alone, and so does the checker ([`books`]).
//!
//! `ROLECALL_SIM_SEEDS=1000 ROLECALL_SIM_FROM=1` sets how many seeds and from which on; `ROLECALL_SIM_PLAN="…"` plays the
//! one plan that a failure printed, and `ROLECALL_SIM_TRACE=1` says what happens in it.

mod books;
mod campaign;
mod counter;
mod dice;
mod disk;
mod figures;
mod host;
mod inbox;
mod life;
mod link;
mod mistakes;
mod people;
mod plan;
mod run;
mod world;
