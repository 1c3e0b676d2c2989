//! The role structure as a file, from outside: that nothing is lost on the way, what is told as different, and that one
//! is put in another's place wholly or not at all.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use rolecall::config::{self, Overrides};
use rolecall::records::audit::AuditLog;
use rolecall::routing::Catalogue;

/// With this variable set, golden files are written instead of compared.
const BLESS_VARIABLE: &str = "ROLECALL_BLESS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> PathBuf {
    root().join("tests/catalogues").join(name)
}

fn compare(name: &str, actual: &str) {
    let path = file(name);
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs; set {BLESS_VARIABLE}=1 to accept:\n{actual}");
}

fn read(name: &str, text: &str) -> Option<Catalogue> {
    config::parse(name, text, &Overrides::none()).ok().map(|loaded| loaded.config.catalogue)
}

/// What is exported of a catalogue is read to the same one.
fn comes_back(name: &str, catalogue: &Catalogue) -> Result<(), TestCaseError> {
    let text = config::export_toml(catalogue);
    let loaded = config::parse(name, &text, &Overrides::none());
    let back = loaded.map_err(|report| TestCaseError::fail(format!("{report}\n{text}")))?.config.catalogue;
    prop_assert!(back == *catalogue, "{name} comes back as another:\n{text}");
    prop_assert_eq!(config::differences(catalogue, &back), vec![]);
    Ok(())
}

fn rolecall(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.args(args).env_remove("ROLECALL_CONFIG").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn everything() -> String {
    fs::read_to_string(file("everything.toml")).unwrap()
}

#[test]
fn every_key_that_there_is_comes_back() {
    let catalogue = read("everything.toml", &everything()).unwrap();
    comes_back("everything.toml", &catalogue).unwrap();
    compare("everything.exported.toml", &config::export_toml(&catalogue));
    compare("everything.exported.json", &format!("{:#}\n", config::export_json(&catalogue)));
    compare("everything.exported.md", &config::export_markdown(&catalogue));
}

#[test]
fn what_comes_with_rolecall_comes_back_and_is_a_page_for_people() {
    let catalogue = read("rolecall.toml", config::EXAMPLE).unwrap();
    comes_back("rolecall.toml", &catalogue).unwrap();
    compare("example.md", &config::export_markdown(&catalogue));
}

#[test]
fn every_catalogue_of_a_scenario_and_every_odd_one_comes_back() {
    let mut found = 0;
    for directory in ["tests/scenarios/scripts", "tests/odd-configurations"] {
        for entry in fs::read_dir(root().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let is_script = directory.ends_with("scripts");
            let catalogues: Vec<&str> = if is_script {
                let sections = text.split("\n=== ").filter(|section| section.starts_with("catalogue"));
                sections.map(|section| section.split_once('\n').map_or("", |(_, body)| body)).collect()
            } else {
                vec![&text]
            };
            for catalogue in catalogues.into_iter().filter_map(|text| read("a catalogue", text)) {
                comes_back(&path.display().to_string(), &catalogue).unwrap();
                found += 1;
            }
        }
    }
    assert!(found > 50, "only {found} catalogues");
}

/// The file that has everything, without some of its lines.
fn some_of(text: &str, kept: &[bool]) -> String {
    let is_needed = |line: &str| {
        let needed = ["[", "name =", "when =", "set =", "means =", "on =", "after ="];
        line.is_empty() || needed.iter().any(|start| line.starts_with(start))
    };
    let mut lots = kept.iter().cycle();
    let lines = text.lines().filter(|line| is_needed(line) || *lots.next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_left_out_the_rest_comes_back(kept in proptest::collection::vec(any::<bool>(), 97)) {
        let catalogue = read("some of everything", &some_of(&everything(), &kept));
        prop_assert!(catalogue.is_some(), "no key needs another");
        comes_back("some of everything", &catalogue.unwrap())?;
    }

    #[test]
    fn two_catalogues_are_told_as_different_just_where_they_are(
        one in proptest::collection::vec(any::<bool>(), 97), other in proptest::collection::vec(any::<bool>(), 97)
    ) {
        let (one, other) = (some_of(&everything(), &one), some_of(&everything(), &other));
        let (one, other) = (read("one", &one).unwrap(), read("other", &other).unwrap());
        prop_assert_eq!(config::differences(&one, &other).is_empty(), one == other);
    }
}

#[test]
fn what_is_different_is_told_member_by_member_and_by_the_exit_code() {
    let (old, new) = (file("before.toml"), file("after.toml"));
    let told = rolecall(&["catalogue", "diff", path(&old), path(&new)]);
    assert_eq!(told.status.code(), Some(1), "{}", text(&told.stderr));
    compare("before-after.txt", &text(&told.stdout));
    let told = rolecall(&["catalogue", "diff", path(&old), path(&new), "--json"]);
    assert_eq!(told.status.code(), Some(1));
    compare("before-after.json", &text(&told.stdout));

    let same = rolecall(&["catalogue", "diff", path(&old), path(&old)]);
    assert_eq!((same.status.code(), text(&same.stdout)), (Some(0), String::new()));
    let broken = root().join("tests/broken-configurations/unknown-key.toml");
    let refused = rolecall(&["catalogue", "diff", path(&old), path(&broken)]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("unknown key"), "{}", text(&refused.stderr));
}

#[test]
fn the_command_writes_each_format() {
    let config = file("before.toml");
    for (format, opening) in [("toml", "[routing]\n"), ("markdown", "# Role structure\n"), ("json", "{\n")] {
        let written = rolecall(&["catalogue", "export", "--config", path(&config), "--format", format]);
        assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
        assert!(text(&written.stdout).starts_with(opening), "{}", text(&written.stdout));
    }
}

const RUNNING: &str = "# The house.\n[node]\nname = \"eu-1\" # the first\n\n[journal]\npath = \"DIR\"\n\n# Who we \
                       are.\n[[role]]\nname = \"billing\"\n";
const NEXT: &str = "[node]\nname = \"elsewhere\"\n\n# Twice as heavy.\n[[role]]\nname = \"billing\"\nweight = 2\n";

/// A running configuration and a new one in a directory of their own.
fn desk() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (current, next) = (directory.path().join("rolecall.toml"), directory.path().join("next.toml"));
    fs::write(&current, RUNNING.replace("DIR", path(&directory.path().join("data")))).unwrap();
    fs::write(&next, NEXT).unwrap();
    (directory, current, next)
}

fn backups(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "bak")).collect()
}

#[test]
fn applied_a_catalogue_takes_the_others_place_and_the_daemons_sections_stay() {
    let (directory, current, next) = desk();
    let before = fs::read_to_string(&current).unwrap();
    let apply = |more: &[&str]| {
        let args = [&["catalogue", "apply", path(&next), "--config", path(&current)], more].concat();
        rolecall(&args)
    };

    let tried = apply(&["--dry-run"]);
    assert_eq!((tried.status.code(), text(&tried.stdout)), (Some(0), "role billing\n    weight: 1 → 2\n".to_owned()));
    assert_eq!(fs::read_to_string(&current).unwrap(), before);

    let applied = apply(&[]);
    let said = text(&applied.stdout);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied.stderr));
    assert!(said.contains("weight: 1 → 2") && said.contains("no daemon holds the journal"), "{said}");
    let after = fs::read_to_string(&current).unwrap();
    assert!(after.starts_with("# The house.\n[node]\nname = \"eu-1\" # the first\n"), "{after}");
    assert!(after.ends_with("# Twice as heavy.\n[[role]]\nname = \"billing\"\nweight = 2\n"), "{after}");
    let kept = backups(directory.path());
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), before);

    let again = apply(&[]);
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stdout).contains("has this catalogue already"), "{}", text(&again.stdout));
    assert_eq!(backups(directory.path()).len(), 1, "nothing was written");
}

#[test]
fn what_was_kept_a_moment_ago_is_not_written_over() {
    let (directory, current, next) = desk();
    let mut before = Vec::new();
    for weight in 3..9 {
        before.push(fs::read_to_string(&current).unwrap());
        fs::write(&next, NEXT.replace("weight = 2", &format!("weight = {weight}"))).unwrap();
        let applied = rolecall(&["catalogue", "apply", path(&next), "--config", path(&current)]);
        assert_eq!(applied.status.code(), Some(0), "{}", text(&applied.stderr));
    }
    let mut kept: Vec<_> = backups(directory.path()).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    kept.sort();
    before.sort();
    assert_eq!(kept, before, "each as it was is there");
}

#[test]
fn who_applied_a_catalogue_is_in_the_audit_log_of_the_journal_that_is_there() {
    let (directory, current, next) = desk();
    let data = directory.path().join("data");
    let log = AuditLog::open(&data);
    let apply = |next: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
        command.args(["catalogue", "apply", path(next), "--config", path(&current)]);
        command.env_remove("ROLECALL_CONFIG").env_remove("SUDO_USER").env("USER", "ana").output().unwrap()
    };
    assert_eq!(apply(&next).status.code(), Some(0));
    assert!(!data.exists(), "there is no journal, and so no log");

    fs::create_dir(&data).unwrap();
    fs::write(&next, NEXT.replace("weight = 2", "weight = 3")).unwrap();
    let applied = apply(&next);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied.stderr));
    let written = log.look(None, 10, |_| true).unwrap().entries;
    let [end, begin] = &written[..] else { panic!("{written:#?}") };
    assert_eq!((begin.deed.who.as_str(), begin.deed.what.as_str()), ("ana (command line)", "rolecall catalogue apply"));
    let asked = begin.deed.asked.as_ref().unwrap();
    let weight = serde_json::json!({ "member": "weight", "old": 2, "new": 3 });
    assert_eq!(asked["differences"][0]["members"], serde_json::json!([weight]));
    assert_eq!(end.deed.ends, Some(begin.seq));
    let kept = end.deed.after.as_ref().unwrap()["as_it_was"].as_str().unwrap();
    assert!(fs::read_to_string(kept).unwrap().contains("weight = 2"), "{kept}");

    // What can't be written down is not done.
    fs::remove_file(data.join("audit.jsonl")).unwrap();
    fs::create_dir(data.join("audit.jsonl")).unwrap();
    fs::write(&next, NEXT.replace("weight = 2", "weight = 4")).unwrap();
    let refused = apply(&next);
    assert_eq!(refused.status.code(), Some(74), "{}", text(&refused.stderr));
    assert!(fs::read_to_string(&current).unwrap().contains("weight = 3"));
}

#[test]
fn a_catalogue_that_can_not_be_used_changes_nothing() {
    let (directory, current, next) = desk();
    let before = fs::read_to_string(&current).unwrap();
    fs::write(&next, "[[role]]\nname = \"billing\"\nwieght = 2\n").unwrap();
    let refused = rolecall(&["catalogue", "apply", path(&next), "--config", path(&current)]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("did you mean `weight`?"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&current).unwrap(), before);
    assert!(backups(directory.path()).is_empty());
}

#[test]
fn a_file_without_any_section_of_a_catalogue_changes_nothing() {
    let (directory, current, next) = desk();
    let before = fs::read_to_string(&current).unwrap();
    for nothing in ["", "\n# Nothing came.\n", "[node]\nname = \"eu-2\"\n"] {
        fs::write(&next, nothing).unwrap();
        for more in [&["--dry-run"][..], &[]] {
            let args = [&["catalogue", "apply", path(&next), "--config", path(&current)], more].concat();
            let refused = rolecall(&args);
            let said = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(78), "{nothing:?}: {said}");
            assert!(said.contains("no section of a catalogue") && said.contains("empty [routing]"), "{said}");
        }
    }
    assert_eq!(fs::read_to_string(&current).unwrap(), before);
    assert!(backups(directory.path()).is_empty());

    fs::write(&next, "[routing]\n").unwrap();
    let meant = rolecall(&["catalogue", "apply", path(&next), "--config", path(&current)]);
    assert_eq!(meant.status.code(), Some(0), "{}", text(&meant.stderr));
    assert!(!fs::read_to_string(&current).unwrap().contains("[[role]]"));
}

#[test]
fn the_process_that_holds_the_journal_is_asked_to_read_it() {
    let (directory, current, next) = desk();
    // It ends with a code of its own once it is asked.
    let script = "sleep 600 & trap \"kill $!; exit 42\" HUP; echo ready; wait";
    let mut daemon = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("LOCK"), format!("{}\n", daemon.id())).unwrap();
    let lock = fs::File::open(data.join("LOCK")).unwrap();
    lock.lock().unwrap();

    let applied = rolecall(&["catalogue", "apply", path(&next), "--config", path(&current)]);
    let said = text(&applied.stdout);
    assert!(said.contains(&format!("process {}", daemon.id())), "{said}{}", text(&applied.stderr));
    assert_eq!(daemon.wait().unwrap().code(), Some(42));
}
