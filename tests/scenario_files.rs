//! Scenarios from outside: what a broken one is told, that those which come with rolecall are whole, and how
//! `rolecall simulate` ends.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rolecall::config::{self, ConfigError};

/// With this variable set, golden files and the reference are written instead of compared.
const BLESS_VARIABLE: &str = "ROLECALL_BLESS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compare(path: &Path, actual: &str) {
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        fs::write(path, actual).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{} differs; set {BLESS_VARIABLE}=1 to accept:\n{actual}", path.display());
}

fn scenarios(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    paths.sort();
    paths
}

#[test]
fn every_broken_scenario_is_told_what_is_wrong_and_where() {
    for path in scenarios("tests/broken-scenarios") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let report = match config::parse_scenario(name, &text, &root().join("deploy")) {
            Ok(_) => panic!("{name} is taken"),
            Err(ConfigError::Invalid(report)) => report.to_string(),
            Err(error) => panic!("{error}"),
        };
        compare(&path.with_extension("txt"), &report);
    }
}

#[test]
fn the_scenarios_that_come_with_rolecall_can_be_played() {
    let paths = scenarios("deploy/simulation");
    assert!(paths.len() >= 2);
    for path in paths {
        config::load_scenario(&path).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_reference_says_what_the_code_does() {
    let path = root().join("docs/simulation.md");
    let mut text = fs::read_to_string(&path).unwrap();
    for (name, block) in config::scenario_reference_blocks() {
        let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
        let start = text.find(&begin).unwrap_or_else(|| panic!("the reference has no block {begin:?}")) + begin.len();
        let stop = start + text[start..].find(&end).unwrap_or_else(|| panic!("the block {begin:?} has no end"));
        text.replace_range(start..stop, &block);
    }
    compare(&path, &text);
}

fn simulate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
        command.env_remove(name);
    }
    command.arg("simulate").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn simulate_tells_figures_as_text_json_and_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let (json, html) = (directory.path().join("day.json"), directory.path().join("day.html"));
    let day = root().join("deploy/simulation/day.toml");
    let arguments = ["--replications", "2", "--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let output = simulate(&[&[day.to_str().unwrap()][..], &arguments[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout(&output).contains("billing, call"), "{}", stdout(&output));
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let billing = json["groups"].as_array().unwrap().iter().find(|it| it["role"] == "billing").unwrap();
    let level = &billing["measures"]["service_level"];
    assert!(level["mean"].as_f64().unwrap() > 0.3 && level["half_width"].is_f64(), "{level}");
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("<svg") && !page.contains("http://") && !page.contains("https://"));
}

#[test]
fn simulate_sets_two_scenarios_side_by_side() {
    let file = |name: &str| root().join("deploy/simulation").join(name).to_str().unwrap().to_owned();
    let other = file("day-with-lunch-cover.toml");
    let output = simulate(&[&file("day.toml"), "--compare", &other, "--replications", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = stdout(&output);
    assert!(text.contains("before") && text.contains("wait_mean_s"), "{text}");
}

#[test]
fn simulate_ends_with_78_for_a_broken_scenario_and_names_the_line() {
    let broken = root().join("tests/broken-scenarios/several.toml");
    let output = simulate(&[broken.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("several.toml:4:1") && told.contains("did you mean `replications`?"), "{told}");
    assert_eq!(simulate(&["/nowhere/day.toml"]).status.code(), Some(78));
    assert_eq!(simulate(&[]).status.code(), Some(64));
}
