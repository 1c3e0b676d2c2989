//! Commands from outside, where they need neither broker nor daemon: what they say, and how they end.

#![expect(clippy::unwrap_used, reason = "a test that can't run its commands has failed")]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn rolecall(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    rolecall(arguments).output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command that does its work writes.
fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output.stderr));
    said(&output.stdout)
}

/// How a command ends, and what it says of why.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    (output.status.code(), said(&output.stderr))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Two days in a contact centre of one role.
fn scenario(directory: &Path, duration: &str, rate: &str) -> PathBuf {
    let path = directory.join(format!("{duration}.toml"));
    let text = format!(
        "[simulation]\nduration = \"{duration}\"\nstart = \"2026-11-02\"\nreplications = 1\n\n\
         [channel.call]\nlimit = 1\ncost = 100\nacceptance = \"auto\"\n\n\
         [[role]]\nname = \"billing\"\nticket_types = [\"invoice\"]\n\n\
         [[agent]]\nname = \"ann\"\ncount = 3\nroles = [\"billing\"]\n\n\
         [[arrivals]]\nname = \"invoices\"\ntype = \"invoice\"\nchannel = \"call\"\nrate = \"{rate}\"\nhandle = \"3m\"\n"
    );
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_reader_who_has_seen_enough_and_a_full_disk_end_no_command_in_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let (day, journal) = (scenario(directory.path(), "2h", "30 per 1h"), directory.path().join("journal"));
    told(&["simulate", text(&day), "--journal", text(&journal)]);
    let commands: [&[&str]; 6] = [
        &["simulate", text(&day)],
        &["staff", text(&day)],
        &["what-if", "--journal", text(&journal)],
        &["journal", "at", "2026-11-02T01:00", "--path", text(&journal)],
        &["token", "list", "--journal-path", text(&journal)],
        &["check"],
    ];
    for arguments in commands {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = rolecall(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let why = said(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {why}");
        assert!(why.contains("cannot write what was asked for: No space left on device"), "{arguments:?}: {why}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = rolecall(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output.stderr));
    }
}

#[test]
fn a_variable_that_is_empty_counts_as_absent_and_an_option_that_is_empty_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (day, journal) = (scenario(directory.path(), "2h", "30 per 1h"), directory.path().join("data"));
    told(&["simulate", text(&day), "--journal", text(&journal)]);
    let with_empty = |variable: &str, arguments: &[&str]| {
        rolecall(arguments).env(variable, "").current_dir(directory.path()).output().unwrap()
    };
    for arguments in [&["journal", "inspect"][..], &["what-if", "-n", "1"]] {
        let output = with_empty("ROLECALL_JOURNAL_PATH", arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output.stderr));
    }
    let nowhere = ["publish", "ticket.created", "{\"ticket_id\":\"t1\"}", "--amqp-uri", "amqp://127.0.0.1:1"];
    let output = with_empty("ROLECALL_CONFIG", &nowhere);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output.stderr));
    let (code, why) = refused(&["journal", "inspect", "--path", ""]);
    assert_eq!(code, Some(64), "{why}");
    assert!(why.contains("expected a path"), "{why}");
}

#[test]
fn a_journal_that_may_not_be_looked_at_is_not_said_to_be_absent() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let (code, why) = refused(&["journal", "inspect", "--path", text(&file)]);
    assert_eq!(code, Some(74), "{why}");
    assert!(why.contains("there is no journal in"), "{why}");
    // A name that is too long is one of the few that root may not look at either.
    let (code, why) = refused(&["journal", "inspect", "--path", &"x".repeat(300)]);
    assert_eq!(code, Some(74), "{why}");
    assert!(why.contains("could not look at") && why.contains("File name too long"), "{why}");
}

#[test]
fn an_audit_log_that_is_not_there_is_not_whole() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("journal");
    let (code, why) = refused(&["audit", "verify", "--journal-path", text(&journal)]);
    assert_eq!(code, Some(74), "{why}");
    assert!(why.contains("there is no directory"), "{why}");
    fs::create_dir(&journal).unwrap();
    let (code, why) = refused(&["audit", "verify", "--journal-path", text(&journal)]);
    assert_eq!(code, Some(1), "{why}");
    assert!(why.contains("it was taken away"), "{why}");
    told(&["token", "create", "helpdesk", "--journal-path", text(&journal)]);
    assert!(told(&["audit", "verify", "--journal-path", text(&journal)]).starts_with("2 entries, none changed"));
    let log = journal.join("audit.jsonl");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let (code, why) = refused(&["audit", "verify", "--journal-path", text(&journal)]);
    assert_eq!(code, Some(74), "what can't be read is not what was changed: {why}");
}

#[test]
fn a_token_that_is_never_valid_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = text(directory.path());
    let (code, why) = refused(&["token", "create", "helpdesk", "--expires-in", "0s", "--journal-path", path]);
    assert_eq!(code, Some(64), "{why}");
    assert!(why.contains("never valid"), "{why}");
    assert_eq!(told(&["token", "list", "--journal-path", path]).lines().count(), 1);
}

#[test]
fn time_of_which_a_journal_does_not_tell_is_no_time_in_which_nobody_came() {
    let directory = tempfile::tempdir().unwrap();
    let (days, journal) = (scenario(directory.path(), "2d", "60 per 1h"), directory.path().join("journal"));
    told(&["simulate", text(&days), "--journal", text(&journal)]);
    let plan = |more: &[&str]| {
        let file = directory.path().join("plan.json");
        let arguments = [&["staff", "--journal", text(&journal), "-n", "1", "--json", text(&file)], more].concat();
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
        let plan: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        (plan["pooled"].clone(), said(&output.stderr))
    };
    let (all, nothing) = plan(&[]);
    assert_eq!((nothing.as_str(), all.as_array().unwrap().len()), ("", 24));
    let (wider, note) = plan(&["--from", "2026-10-01", "--to", "2027-01-01"]);
    assert_eq!(wider, all, "a month of which nothing is known is not a month without work");
    assert!(note.contains("the journal tells of 2026-11-02T00:00:00Z to 2026-11-0"), "{note}");
    let (code, why) = refused(&["what-if", "--journal", text(&journal), "--from", "2027-01-01"]);
    assert_eq!(code, Some(1), "{why}");
    assert!(why.contains("the journal tells of 2026-11-02T00:00:00Z to"), "{why}");
}

#[test]
fn staff_plans_every_hour_of_a_scenario_or_refuses_it_and_writes_its_page() {
    let directory = tempfile::tempdir().unwrap();
    let long = scenario(directory.path(), "40d", "1 per 1h");
    let (code, why) = refused(&["staff", text(&long)]);
    assert_eq!(code, Some(78), "{why}");
    assert!(why.contains("at most 31 days"), "{why}");
    let (short, page) = (scenario(directory.path(), "2h", "30 per 1h"), directory.path().join("staff.html"));
    let table = told(&["staff", text(&short), "--target", "99.5%/20s", "--html", text(&page)]);
    assert!(table.starts_with("Agents by whom 99.5 % are answered"), "{table}");
    assert!(fs::read_to_string(page).unwrap().contains("<svg"));
}

#[test]
fn a_run_in_which_nothing_came_to_a_role_counts_as_much_as_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let (rare, file) = (scenario(directory.path(), "1h", "1 per 2h"), directory.path().join("rare.json"));
    told(&["simulate", text(&rare), "-n", "20", "--json", text(&file)]);
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let of = |kind: &str| {
        let group = report["groups"].as_array().unwrap().iter().find(|group| group["kind"] == kind).unwrap().clone();
        (group["measures"]["arrived"].clone(), group["measures"]["occupancy"].clone())
    };
    assert_eq!(of("role"), of("all"));
    assert_eq!(of("role").0["runs"], 20);
}

#[test]
fn a_role_that_one_of_two_catalogues_lacks_is_told_of_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (day, journal) = (scenario(directory.path(), "2h", "30 per 1h"), directory.path().join("journal"));
    told(&["simulate", text(&day), "--journal", text(&journal)]);
    let renamed = directory.path().join("renamed.toml");
    let catalogue = "[[role]]\nname = \"money\"\nreplaces = [\"billing\"]\nticket_types = [\"invoice\"]\n";
    fs::write(&renamed, catalogue).unwrap();
    let compared = told(&["what-if", "--journal", text(&journal), "--catalogue", text(&renamed), "-n", "2"]);
    let tickets = |name: &str| {
        let (_, rest) =
            compared.rsplit_once(&format!("\n{name} ")).unwrap_or_else(|| panic!("no {name} in {compared}"));
        let line = rest.lines().nth(1).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let (old, new) = (tickets("billing, call"), tickets("money, call"));
    assert_eq!((old[0].as_str(), old[2].as_str()), ("arrived", "–"), "{compared}");
    assert_eq!((new[0].as_str(), new[1].as_str(), &new[2]), ("arrived", "–", &old[1]), "{compared}");
}

#[test]
fn whoever_was_there_does_not_come_beside_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let (day, journal) = (scenario(directory.path(), "2h", "30 per 1h"), directory.path().join("journal"));
    told(&["simulate", text(&day), "--journal", text(&journal)]);
    let staff = directory.path().join("more.toml");
    fs::write(&staff, "[[agent]]\nname = \"ann\"\ncount = 2\nroles = [\"billing\"]\n").unwrap();
    let (code, why) = refused(&["what-if", "--journal", text(&journal), "--staff", text(&staff)]);
    assert_eq!(code, Some(78), "{why}");
    assert!(why.contains("\"ann-1\" was there"), "{why}");
}
