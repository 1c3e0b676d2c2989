//! The engine from outside: random commands against invariants and against the obvious engine.

mod automation;
mod estimates;
#[cfg(feature = "naive")]
mod explanations;
mod invariants;
#[cfg(feature = "naive")]
mod naive;
mod starvation;
mod world;
