//! The engine from outside: random commands against invariants and against the obvious engine.

mod automation;
// Speaks to the engine in events, as they are read from outside.
#[cfg(feature = "daemon")]
mod elapsing;
mod estimates;
#[cfg(any(debug_assertions, feature = "naive"))]
mod explanations;
mod forgetting;
mod invariants;
#[cfg(any(debug_assertions, feature = "naive"))]
mod naive;
mod owed;
mod sharing;
mod starvation;
mod world;
