//! Routing by example: each script is a short life of a contact centre, and its transcript is all that the outside
//! hears of it.
//!
//! `scripts/NAME.txt` says what the scenario shows and which section of which page it holds, then a catalogue, then
//! what comes in, on a virtual clock, in the vocabulary of the wire. `transcripts/NAME.txt` is what goes out.
//! `ROLECALL_BLESS=1 cargo test --test scenarios` writes the transcripts anew: read what changed before you commit it.

mod coverage;
mod features;
mod script;
mod stage;
mod transcript;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use script::Script;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name)
}

/// The names of the scenarios in a directory, in order.
fn names(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).expect("the directory is part of the repository");
    entries
        .map(|entry| entry.expect("the directory can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

/// What a script says, and the transcript of playing it.
fn play(name: &str) -> Result<(String, String), String> {
    let path = directory("scripts").join(format!("{name}.txt"));
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let script = Script::parse(&text)?;
    let played = std::panic::catch_unwind(|| stage::play(&script));
    let transcript = played.unwrap_or_else(|_| Err("the engine panicked, as said above".to_owned()))?;
    Ok((text, transcript))
}

/// The first line in which two texts differ.
fn first_difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    for number in 1.. {
        match (expected.next(), found.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let (one, other) = (one.unwrap_or("(the end)"), other.unwrap_or("(the end)"));
                return format!("line {number}\n    expected {one}\n    found    {other}");
            }
        }
    }
    "only in how lines end".to_owned()
}

fn compare(name: &str) -> Result<(), String> {
    let (_, transcript) = play(name)?;
    let golden = directory("transcripts").join(format!("{name}.txt"));
    if std::env::var_os("ROLECALL_BLESS").is_some() {
        return std::fs::write(golden, transcript).map_err(|error| error.to_string());
    }
    let expected = std::fs::read_to_string(&golden).map_err(|error| format!("no transcript: {error}"))?;
    if expected == transcript {
        return Ok(());
    }
    Err(format!("differs from its transcript in {}", first_difference(&expected, &transcript)))
}

#[test]
fn every_script_gives_its_transcript() {
    let scripts = names(&directory("scripts"));
    assert!(scripts.len() > 1, "there are scripts");
    let mut failures = Vec::new();
    for name in &scripts {
        match compare(name) {
            Ok(()) => println!("scenario {name} ... ok"),
            Err(why) => failures.push(format!("scenario {name}: {why}")),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), scripts.len(), failures.join("\n"));
}

#[test]
fn every_transcript_has_a_script() {
    let orphans: Vec<String> =
        names(&directory("transcripts")).difference(&names(&directory("scripts"))).cloned().collect();
    assert!(orphans.is_empty(), "these transcripts have no script: {orphans:?}");
}
