//! Any text is a condition of a rule, or is refused with a sentence; a condition is asked without harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall::config::{self, Overrides};
use rolecall::routing::{Command, Engine, Identity, TicketSpec, Timestamp};

fuzz_target!(|condition: &str| {
    // As TOML writes any string: in a basic string, with everything that is special escaped.
    let escaped: String = condition.chars().map(|char| format!("\\U{:08x}", u32::from(char))).collect();
    let text =
        format!("[[role]]\nname = \"a\"\n[[rule]]\nname = \"r\"\nwhen = \"{escaped}\"\nset = {{ role = \"a\" }}\n");
    if let Ok(loaded) = config::parse("fuzzed.toml", &text, &Overrides::none()) {
        let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
        engine.handle(
            Command::ReplaceCatalogue { catalogue: std::sync::Arc::new(loaded.config.catalogue) },
            Timestamp(0),
        );
        let spec = Box::new(TicketSpec::on("email".parse().expect("a name")));
        engine.handle(Command::CreateTicket { ticket: "t".parse().expect("a name"), spec }, Timestamp(1));
    }
});
