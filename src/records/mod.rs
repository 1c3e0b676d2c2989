//! What is kept beside the journal and is none of the engine's: who may come in, and who did what.
//!
//! Both are files of lines that only grow, one JSON object a line, synced line by line, and written by the daemon and by the
//! command line alike: a lock on the file keeps them apart. A last line without an end was never answered for and is cut.
//!
//! This room knows `routing`, for its names, and no other.

pub mod audit;
mod error;
mod lines;
pub mod tokens;

pub use error::RecordsError;

/// The files, beside the journal.
pub const FILES: [&str; 2] = [tokens::FILE, audit::FILE];
