//! Any bytes are an entry of the journal, or are refused; what was read is written and read again as the same.
//!
//! The checksum is left out: with it, nothing that is drawn would come this far.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall::journal::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = rmp_serde::from_slice::<Entry>(bytes) {
        let written = rmp_serde::to_vec_named(&entry).expect("what was read can be written");
        let again: Entry = rmp_serde::from_slice(&written).expect("what was written can be read");
        let twice = rmp_serde::to_vec_named(&again).expect("what was read can be written");
        assert_eq!(written, twice);
    }
});
