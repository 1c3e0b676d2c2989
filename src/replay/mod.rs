//! Recorded tickets.
