//! The journal's promises: what was appended is there, whole and in order, whatever happens to the process, the disk
//! and the file.

mod appending;
mod copies;
mod damage;
mod golden;
mod opening;
mod past;
mod power_cuts;
mod restoring;
mod rows;
mod snapshots;
mod storage;
mod support;
mod tools;
mod version_1;
