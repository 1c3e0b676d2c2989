//! The reference of all events.

pub(in crate::wire) mod examples;
