//! Any text is a configuration, or is refused with a report that can be written out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall::config::{self, Overrides};

fuzz_target!(|text: &str| {
    match config::parse("fuzzed.toml", text, &Overrides::none()) {
        Ok(loaded) => drop(loaded.warnings.to_string()),
        Err(report) => assert!(!report.to_string().is_empty()),
    }
});
