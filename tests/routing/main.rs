//! The engine from outside: random commands against invariants, and scripted scenarios against golden transcripts.

mod invariants;
mod world;
