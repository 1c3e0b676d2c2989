//! The journal's promises: what was appended is there, whole and in order, whatever happens to the process, the disk
//! and the file.

mod appending;
mod power_cuts;
mod storage;
mod support;
