//! The configuration from outside: what a broken one is told, that the reference is true, and how `rolecall check`
//! ends.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rolecall::config::{self, Overrides};
use rolecall::routing::RoleName;

/// With this variable set, golden files and the reference are written instead of compared.
const BLESS_VARIABLE: &str = "ROLECALL_BLESS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a file, or writes it where that is asked for.
fn compare(path: &Path, actual: &str) {
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        fs::write(path, actual).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs; set {BLESS_VARIABLE}=1 to accept:\n--- expected\n{expected}\n--- actual\n{actual}",
        path.display()
    );
}

/// The configurations in a directory of the tests.
fn configurations(directory: &str) -> Vec<PathBuf> {
    let directory = root().join("tests").join(directory);
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

#[test]
fn every_broken_configuration_is_told_what_is_wrong_and_where() {
    let paths = configurations("broken-configurations");
    assert!(paths.len() >= 12, "only {} broken configurations", paths.len());
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let report = match config::parse(name, &fs::read_to_string(&path).unwrap(), &Overrides::none()) {
            Ok(_) => panic!("{name} is taken"),
            Err(report) => report.to_string(),
        };
        assert!(report.contains(&format!("--> {name}:")), "{name} is told no line:\n{report}");
        compare(&path.with_extension("txt"), &report);
    }
}

#[test]
fn every_odd_configuration_is_taken_and_told_what_is_hardly_meant() {
    for path in configurations("odd-configurations") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let loaded = config::parse(name, &fs::read_to_string(&path).unwrap(), &Overrides::none());
        let warnings = loaded.unwrap_or_else(|report| panic!("{name} is refused:\n{report}")).warnings.to_string();
        assert!(warnings.contains(&format!("--> {name}:")), "{name} is told no line:\n{warnings}");
        compare(&path.with_extension("txt"), &warnings);
    }
}

#[test]
fn the_configuration_that_comes_with_rolecall_has_nothing_to_complain_about() {
    let loaded = config::parse("rolecall.toml", config::EXAMPLE, &Overrides::none()).unwrap_or_else(|report| {
        panic!("{report}");
    });
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let roles: Vec<&str> = loaded.config.catalogue.roles.keys().map(RoleName::as_str).collect();
    assert_eq!(roles, ["billing", "general", "sales", "social-media", "technical", "vip"]);
    for role in loaded.config.catalogue.roles.values() {
        assert!(!role.description.is_empty() && !role.responsibilities.is_empty(), "{} is not described", role.name);
        assert!(role.target.is_some() && !role.overflow.is_empty(), "{} promises nothing", role.name);
    }
}

/// Every default that the example shows in a comment is the one that holds.
#[test]
fn the_defaults_that_the_example_shows_are_the_defaults() {
    let uncommented: String = config::EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(uncommented.len(), config::EXAMPLE.len());
    let shown = config::parse("shown", &uncommented, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
    let written = config::parse("written", config::EXAMPLE, &Overrides::none()).unwrap();
    assert_eq!(shown.config, written.config);
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_reference_says_what_the_code_does() {
    let path = root().join("docs/configuration.md");
    let mut text = fs::read_to_string(&path).unwrap();
    for (name, block) in config::reference_blocks() {
        let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
        let start = text.find(&begin).unwrap_or_else(|| panic!("the reference has no block {begin:?}")) + begin.len();
        let stop = start + text[start..].find(&end).unwrap_or_else(|| panic!("the block {begin:?} has no end"));
        text.replace_range(start..stop, &block);
    }
    compare(&path, &text);
}

fn check(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
        command.env_remove(name);
    }
    command.arg("check").args(arguments).envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn check_ends_with_0_for_a_good_configuration_and_with_78_for_a_bad_one() {
    let example = root().join("deploy/rolecall.toml");
    let good = check(&["--config", example.to_str().unwrap()], &[]);
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(String::from_utf8_lossy(&good.stdout).contains("billing, general, sales"));

    let broken = root().join("tests/broken-configurations/unknown-key.toml");
    let bad = check(&["--config", broken.to_str().unwrap()], &[]);
    assert_eq!(bad.status.code(), Some(78));
    let told = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(told.contains("unknown-key.toml:3:1") && told.contains("did you mean `prefetch`?"), "{told}");

    let absent = check(&["--config", "/nowhere/rolecall.toml"], &[]);
    assert_eq!(absent.status.code(), Some(78));
    let told = String::from_utf8_lossy(&absent.stderr).into_owned();
    assert!(told.contains("cannot read the configuration /nowhere/rolecall.toml"), "{told}");
}

#[test]
fn check_without_a_file_looks_at_the_defaults_and_the_environment() {
    assert_eq!(check(&[], &[]).status.code(), Some(0));
    let bad = check(&[], &[("ROLECALL_HTTP_LISTEN", "nonsense")]);
    assert_eq!(bad.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("--> ROLECALL_HTTP_LISTEN"));
    let mended = check(&["--http-listen", "127.0.0.1:0"], &[("ROLECALL_HTTP_LISTEN", "nonsense")]);
    assert_eq!(mended.status.code(), Some(0));
}

#[test]
fn warnings_are_told_and_fail_only_where_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("odd.toml");
    fs::write(&path, "[[role]]\nname = \"lonely\"\n").unwrap();
    let arguments = ["--config", path.to_str().unwrap(), "--deny-warnings"];
    let tolerated = check(&arguments[..2], &[]);
    assert_eq!(tolerated.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&tolerated.stderr).contains("nothing leads to the role \"lonely\""));
    assert_eq!(check(&arguments, &[]).status.code(), Some(78));
}

#[test]
fn a_usage_that_makes_no_sense_ends_with_64_and_help_with_0() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_rolecall")).args(arguments).output().unwrap();
    for arguments in [&["fly"][..], &["check", "--wings"], &[]] {
        assert_eq!(run(arguments).status.code(), Some(64), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"]] {
        assert_eq!(run(arguments).status.code(), Some(0), "{arguments:?}");
    }
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert!(version.starts_with(&format!("rolecall {} (", env!("CARGO_PKG_VERSION"))), "{version}");
}

#[test]
fn a_secret_is_shown_in_no_finding() {
    let environment = [
        ("ROLECALL_AMQP_URI", "amqp://rolecall:correct-horse@broker:99999/%2f"),
        ("ROLECALL_OWNER_TOKEN", "battery staple"),
    ];
    let output = check(&[], &environment);
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("ROLECALL_AMQP_URI") && told.contains("ROLECALL_OWNER_TOKEN"), "{told}");
    assert!(!told.contains("correct-horse") && !told.contains("staple"), "{told}");
}

/// The example by which the configuration was announced, word for word: files that were written after it are in use.
#[test]
fn the_first_sample_is_taken_as_it_stands() {
    let sample = r#"
        [node]
        name = "rolecall-1"
        [amqp]
        uri = "amqp://guest:guest@127.0.0.1:5672/%2f"
        prefix = "rolecall"
        queue_type = "quorum"
        prefetch = 2000
        declare = true
        outbox_queue = true
        [journal]
        path = "data"
        [http]
        listen = "127.0.0.1:8080"
        [routing]
        default_role = "technical"
        [dedupe]
        window = "24h"
        [agents]
        heartbeat_timeout = "0s"
        missed_offers_max = 3
        [channel.call]
        cost = 100
        limit = 1
        acceptance = "offer"
        offer_timeout = "20s"
        wrap_up = "30s"
        owner_grace = "0s"
        [channel.chat]
        cost = 25
        limit = 3
        acceptance = "auto"
        wrap_up = "0s"
        owner_grace = "60s"
        [[role]]
        name = "technical"
        [[role]]
        name = "vip"
        [[role]]
        name = "billing"
        description = "Invoices, payments and refunds"
        responsibilities = ["explain an invoice", "issue refunds up to 200 EUR"]
        ticket_types = ["invoice", "payment", "refund"]
        channels = ["email", "chat", "call"]
        permissions = ["finance.view", "refund.issue"]
        strategy = "longest_idle"
        order = "priority"
        weight = 1
        acceptance = "auto"
        target = { answer_within = "15m", for_share = 0.9 }
        overflow = [ { after = "2m", add_roles = ["technical"] }, { after = "5m", drop_skills = true, raise_priority = 3 } ]
        [[rule]]
        name = "VIP customers"
        when = 'customer.tier == "vip"'
        set = { role = "vip", raise_priority = 3 }
    "#;
    let config = config::parse("sample", sample, &Overrides::none()).unwrap_or_else(|report| panic!("{report}")).config;
    let defaults = config::Config::default();
    assert_eq!(config.sections_changed(&defaults), [""; 0]);
    assert_eq!(config.catalogue.agents, defaults.catalogue.agents);
    for (name, channel) in &config.catalogue.channels {
        assert_eq!(*channel, rolecall::routing::channel::Channel::default_for(name), "{name}");
    }
    let billing = &config.catalogue.roles[&RoleName::parse("billing").unwrap()];
    assert_eq!(billing.target.unwrap().for_share_permille, 900);
    assert_eq!(billing.overflow.len(), 2);
    assert_eq!(billing.channels.as_ref().unwrap().len(), 3);
    let rule = &config.catalogue.rules[0];
    assert_eq!((rule.set.role.as_ref().unwrap().as_str(), rule.set.raise_priority), ("vip", 3));
}

#[test]
fn a_file_that_is_not_utf_8_is_told_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("latin1.toml");
    fs::write(&path, b"[node]\nname = \"k\xf6ln\"\n").unwrap();
    let told = config::load(Some(&path), &Overrides::none()).unwrap_err().to_string();
    assert!(told.contains("this is not UTF-8") && told.contains("latin1.toml:2:10"), "{told}");
}

#[test]
fn brackets_nested_without_end_are_refused() {
    let text = format!("a = {}", "[".repeat(100_000));
    assert!(config::parse("deep", &text, &Overrides::none()).is_err());
    let text = format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(config::parse("deep", &text, &Overrides::none()).is_err());
}

/// Some damage to the example: cut out a piece, and put another in its place.
fn damaged(start: usize, length: usize, replacement: &str) -> String {
    let boundary = |index: usize| {
        (0..=index.min(config::EXAMPLE.len())).rev().find(|index| config::EXAMPLE.is_char_boundary(*index))
    };
    let start = boundary(start).unwrap();
    let end = boundary(start + length).unwrap();
    format!("{}{replacement}{}", &config::EXAMPLE[..start], &config::EXAMPLE[end..])
}

proptest::proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(start in 0..config::EXAMPLE.len(), length in 0_usize..40, replacement in "[\\PC\n\t\"'{}=\\[\\]]{0,6}") {
        let text = damaged(start, length, &replacement);
        match config::parse("damaged", &text, &Overrides::none()) {
            Ok(loaded) => drop(loaded.warnings.to_string()),
            Err(report) => assert!(report.to_string().contains("error: ")),
        }
    }
}

/// `rolecall` with these arguments in that directory, as an operator types it who has nothing in the environment.
fn typed(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(directory).output().unwrap()
}

#[test]
fn a_token_is_made_only_where_a_daemon_can_find_it() {
    let home = tempfile::tempdir().unwrap();
    let refused = typed(home.path(), &["token", "create", "nightly"]);
    assert_eq!(refused.status.code(), Some(74), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--config"), "{refused:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
    fs::create_dir(home.path().join("journal")).unwrap();
    fs::write(home.path().join("rolecall.toml"), "[journal]\npath = \"journal\"\n").unwrap();
    let made = typed(home.path(), &["token", "create", "nightly", "--config", "rolecall.toml"]);
    assert!(made.status.success(), "{made:?}");
    assert!(home.path().join("journal").join("tokens.jsonl").exists());
    // There is a directory and no journal in it: the daemon is asked, which is not there either.
    let asked = typed(
        home.path(),
        &["journal", "backup", "--to", "copy", "--config", "rolecall.toml", "--http-listen", "127.0.0.1:1"],
    );
    assert_eq!(asked.status.code(), Some(69), "{asked:?}");
    assert!(!home.path().join("copy").exists());
}
