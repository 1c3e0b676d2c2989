//! The reference of all events, made from the code that reads and writes them: JSON Schemas, an `AsyncAPI` document
//! and a page for people. A test compares them with what is in `docs`; with `ROLECALL_BLESS=1` it writes them.
//!
//! Only tests need this: the daemon serves no schemas.

mod asyncapi;
pub(in crate::wire) mod examples;
mod markdown;
mod schemas;

use std::path::{Path, PathBuf};

use schemas::Described;

use crate::routing::offer::Trigger;

/// Every file of the reference: its path within `docs`, and what belongs in it.
fn files() -> Vec<(PathBuf, String)> {
    let (inbound, outbound) = (schemas::inbound(), schemas::outbound());
    let schema = |folder: &'static str| {
        move |event: &Described| {
            (Path::new(folder).join(format!("{}.json", event.kind)), pretty(event.schema.as_value()))
        }
    };
    let mut files: Vec<_> = inbound.iter().map(schema("schemas/in")).collect();
    files.extend(outbound.iter().map(schema("schemas/out")));
    files.push(("schemas/cloudevent.json".into(), pretty(&schemas::envelope())));
    files.push(("asyncapi.json".into(), pretty(&asyncapi::document(&inbound, &outbound))));
    files.push(("events.md".into(), markdown::page(&inbound, &outbound)));
    files
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

#[test]
fn docs_are_what_the_code_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let bless = std::env::var_os("ROLECALL_BLESS").is_some();
    for (path, expected) in files() {
        let path = docs.join(path);
        if bless {
            std::fs::create_dir_all(path.parent().expect("within docs")).expect("a folder in docs");
            std::fs::write(&path, &expected).expect("a file in docs");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == expected,
            "{} is not what the code says: run `ROLECALL_BLESS=1 cargo test docs_are`",
            path.display()
        );
    }
}

#[test]
fn the_reference_has_every_word_of_what_brought_ticket_and_agent_together() {
    let page = markdown::page(&schemas::inbound(), &schemas::outbound());
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| **`reason.trigger`**")).collect();
    assert_eq!(rows.len(), 2, "of an offer and of an assignment");
    for (row, trigger) in rows.iter().flat_map(|row| Trigger::ALL.map(|trigger| (row, trigger.as_str()))) {
        assert!(row.contains(&format!("`{trigger}`")), "{trigger} is not in {row}");
    }
}

#[test]
fn docs_hold_no_schema_of_an_event_that_is_gone() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let expected: Vec<_> = files().into_iter().map(|(path, _)| docs.join(path)).collect();
    for folder in ["schemas", "schemas/in", "schemas/out"] {
        for entry in std::fs::read_dir(docs.join(folder)).expect("the reference has been written") {
            let path = entry.expect("a readable folder").path();
            assert!(path.is_dir() || expected.contains(&path), "{} belongs to nothing", path.display());
        }
    }
}
