//! That `docs/features.md` and the scenarios agree: which feature is shown where.
//!
//! A script's header ends with what it shows, `(F29, F48; docs/routing.md#tiers)`; a row of a table in `docs/features.md` begins
//! with an id and ends with the scripts that show it, or with another test, `tests/daemon: its_name`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{directory, names};

/// What went wrong in other systems, and is kept from going wrong here.
const REGRESSIONS: [&str; 13] = [
    "OpenACD#5",
    "Rocket.Chat#13134",
    "Rocket.Chat#19352",
    "asterisk#1006",
    "asterisk#1561",
    "chatwoot#10583",
    "chatwoot#13904",
    "chatwoot#15786",
    "chatwoot#7204",
    "freeswitch#1216",
    "freeswitch#2511",
    "freeswitch#2540",
    "libredesk#561",
];

/// What a row says is the proof of its feature.
#[derive(Debug, PartialEq, Eq)]
enum Proof {
    Script(String),
    /// A test elsewhere: a file or directory, and the name of a function in it.
    Test(String, String),
}

/// The ids that the page must have: of the system we start from, of the field, of nobody else, and the regressions.
fn wanted() -> BTreeSet<String> {
    let of_the_model = [3, 6, 7].into_iter().chain(9..=15).map(|number| format!("L{number}"));
    let of_the_field = (1..=61).map(|number| format!("F{number}"));
    let of_nobody_else = [1, 2, 3, 4, 5, 7].map(|number| format!("N{number}"));
    let regressions = REGRESSIONS.map(str::to_owned);
    of_the_model.chain(of_the_field).chain(of_nobody_else).chain(regressions).collect()
}

/// The rows of all tables of the page: id → proofs.
fn rows(page: &str) -> Result<BTreeMap<String, Vec<Proof>>, String> {
    let mut rows = BTreeMap::new();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| id ") && !line.starts_with("| --- ");
    for line in page.lines().filter(is_row) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, what, how, proofs] = cells[..] else {
            return Err(format!("a row has four cells: {line}"));
        };
        if what.is_empty() || how.is_empty() {
            return Err(format!("{id} says nothing of itself"));
        }
        let id = id.split_once(']').map_or(id, |(linked, _)| linked.trim_start_matches('['));
        let proofs = proofs.split(", ").map(proof).collect();
        if rows.insert(id.to_owned(), proofs).is_some() {
            return Err(format!("{id} has two rows"));
        }
    }
    Ok(rows)
}

fn proof(cell: &str) -> Proof {
    let cell = cell.trim_matches('`');
    match cell.split_once(": ") {
        Some((path, test)) => Proof::Test(path.to_owned(), test.to_owned()),
        None => Proof::Script(cell.to_owned()),
    }
}

/// The ids in the header of a script: `F29` and `F48` of `(F29, F48; docs/routing.md#tiers)`.
fn shown_by(script: &str) -> BTreeSet<String> {
    let header = script.split("\n=== ").next().unwrap_or_default();
    let closing = header.rsplit_once('(').map_or("", |(_, closing)| closing);
    let ids = closing.split_once(';').map_or("", |(ids, _)| ids);
    let ids = ids.split(',').map(|id| id.trim_matches(|c: char| c == '#' || c.is_whitespace()).to_owned());
    ids.filter(|id| !id.is_empty()).collect()
}

fn has_test(path: &str, name: &str) -> bool {
    fn holds(path: &Path, declared: &str) -> bool {
        if path.is_dir() {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            return entries.into_iter().any(|entry| holds(&entry.path(), declared));
        }
        fs::read_to_string(path).is_ok_and(|text| text.contains(declared))
    }
    holds(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path), &format!("fn {name}("))
}

fn page() -> BTreeMap<String, Vec<Proof>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/features.md");
    let text = fs::read_to_string(path).expect("docs/features.md is part of the repository");
    rows(&text).unwrap_or_else(|why| panic!("docs/features.md: {why}"))
}

#[test]
fn every_feature_has_a_row() {
    let rows = page();
    let missing: Vec<String> = wanted().into_iter().filter(|id| !rows.contains_key(id)).collect();
    assert!(missing.is_empty(), "docs/features.md has no row for {missing:?}");
}

#[test]
fn every_row_and_the_scripts_that_it_names_agree() {
    let scripts = names(&directory("scripts"));
    let text = |name: &str| fs::read_to_string(directory("scripts").join(format!("{name}.txt"))).expect("it is listed");
    let shown: BTreeMap<&String, BTreeSet<String>> = scripts.iter().map(|name| (name, shown_by(&text(name)))).collect();
    let rows = page();
    let mut wrong = Vec::new();
    for (id, proofs) in &rows {
        for proof in proofs {
            match proof {
                Proof::Script(name) if !scripts.contains(name) => wrong.push(format!("{id}: no script {name:?}")),
                Proof::Script(name) if !shown[name].contains(id) => {
                    wrong.push(format!("{id}: the header of {name} does not name it"));
                }
                Proof::Test(path, name) if !has_test(path, name) => {
                    wrong.push(format!("{id}: no test {name:?} in {path}"));
                }
                Proof::Script(_) | Proof::Test(..) => {}
            }
        }
    }
    for (name, ids) in shown {
        let listed = |id: &String| rows.get(id).is_some_and(|proofs| proofs.contains(&Proof::Script(name.clone())));
        let unlisted = ids.into_iter().filter(|id| !listed(id));
        wrong.extend(unlisted.map(|id| format!("{id}: its row does not name {name}, whose header names it")));
    }
    assert!(wrong.is_empty(), "docs/features.md and tests/scenarios/scripts disagree:\n{}", wrong.join("\n"));
}

#[test]
fn a_row_is_read_as_it_is_meant() {
    let page = "| id | feature | how | scenarios |\n| --- | --- | --- | --- |\n\
                | F1 | twice | `ticket_id` | duplicates, tests/daemon: it_counts |\n\
                | [chatwoot#1](https://example.org) | stuck | never | stuck-no-more |\n";
    let rows = rows(page).expect("the page can be read");
    let counts = Proof::Test("tests/daemon".to_owned(), "it_counts".to_owned());
    assert_eq!(rows["F1"], [Proof::Script("duplicates".to_owned()), counts]);
    assert_eq!(rows["chatwoot#1"], [Proof::Script("stuck-no-more".to_owned())]);
}

#[test]
fn a_header_says_what_its_script_shows() {
    let ids = |header: &str| shown_by(header).into_iter().collect::<Vec<_>>();
    assert_eq!(
        ids("# Twice (or more).\n# (F1,\n# chatwoot#1; docs/routing.md#repeats)\n\n=== steps\n"),
        ["F1", "chatwoot#1"]
    );
    assert_eq!(ids("# Twice. (docs/routing.md#repeats)\n\n=== steps\n"), [""; 0]);
}
