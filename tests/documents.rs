//! That the pages are true: the configurations that they show are taken, and what they name exists.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use rolecall::config::{self, Overrides, Report};
use rolecall::routing::Catalogue;
use rolecall::telemetry::metric;
use rolecall::wire::{self, RawEvent};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in a directory and below whose names end so, in order.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path, extension) } else { vec![path] };
    paths.into_iter().flat_map(below).filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
}

/// The pages in a directory and below, in order.
fn pages(directory: &Path) -> Vec<PathBuf> {
    files(directory, "md")
}

/// What stands between three backticks and the name of a language, and three backticks.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let blocks = page.split(&opening).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Reads a configuration that may name roles which it does not show.
fn parse_excerpt(name: &str, text: &str) -> Result<config::Loaded, Report> {
    if text.contains("[[agent]]") || text.contains("[[arrivals]]") {
        // A scenario, or a part of one.
        let head = if text.contains("[simulation]") { "" } else { "[simulation]\nduration = \"1h\"\n" };
        let scenario = config::parse_scenario(name, &format!("{head}{text}"), Path::new(""));
        scenario.unwrap_or_else(|error| panic!("{error}"));
        return config::parse(name, "", &Overrides::none());
    }
    config::parse(name, text, &Overrides::none()).or_else(|report| {
        let missing = report.lines().filter_map(|line| Some(line.split_once("there is no role \"")?.1.to_owned()));
        let mut missing: Vec<String> = missing.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect();
        missing.sort();
        missing.dedup();
        let role = |name: &String| format!("\n[[role]]\nname = \"{name}\"\n");
        let roles: Vec<String> = missing.iter().map(role).collect();
        config::parse(name, &format!("{text}{}", roles.concat()), &Overrides::none())
    })
}

#[test]
fn every_configuration_that_a_page_shows_is_taken() {
    let mut shown = 0;
    for path in pages(&root().join("docs")).into_iter().chain([root().join("README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        for block in blocks(&page, "toml") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            parse_excerpt(&name, &block).unwrap_or_else(|report| panic!("{report}"));
            shown += 1;
        }
    }
    assert!(shown > 6, "only {shown} configurations are shown");
}

#[test]
fn the_examples_of_those_who_come_from_elsewhere_are_whole() {
    for path in pages(&root().join("docs/coming-from")) {
        for block in blocks(&fs::read_to_string(&path).unwrap(), "toml") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let loaded = config::parse(name, &block, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
            assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
        }
    }
}

#[test]
fn the_events_of_those_who_come_from_elsewhere_can_be_read() {
    let mut shown = 0;
    for path in pages(&root().join("docs/coming-from")) {
        let blocks = blocks(&fs::read_to_string(&path).unwrap(), "json").join("\n");
        for data in blocks.lines() {
            let kinds = [("{\"agent_id\"", "agent.registered"), ("{\"ticket_id\"", "ticket.created")];
            let Some((_, kind)) = kinds.into_iter().find(|(opening, _)| data.starts_with(opening)) else { continue };
            let raw = RawEvent { body: data.as_bytes(), kind: Some(kind), routing_key: kind, ..RawEvent::default() };
            wire::decode(&raw, &Catalogue::default())
                .unwrap_or_else(|unreadable| panic!("{}: {data}: {unreadable}", path.display()));
            shown += 1;
        }
    }
    assert!(shown > 3, "only {shown} events are shown");
}

/// The words in backticks of a cell: `strategy` of `` `strategy = "rank"` ``, `hours` of `` `[hours.NAME]` ``.
fn words(cell: &str) -> Vec<String> {
    let quoted = cell.split('`').skip(1).step_by(2);
    let first_word = |text: &str| {
        let text = text.trim_start_matches('[');
        text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')))
            .next()
            .map(str::to_owned)
    };
    let name = |word: String| word.strip_suffix(".NAME").map(str::to_owned).unwrap_or(word);
    quoted.filter_map(first_word).map(name).filter(|word| !word.is_empty()).collect()
}

/// The cells of every row of a page's tables.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| --- ");
    page.lines().filter(is_row).map(|line| line.trim_matches(['|', ' ']).split(" | ").collect())
}

/// The words in backticks of a cell that the reference does not have.
fn strangers(cell: &str) -> Vec<String> {
    let references =
        ["docs/configuration.md", "docs/events.md", "docs/routing.md", "docs/metrics.md", "docs/api.md", "README.md"];
    let reference: String = references.iter().map(|path| fs::read_to_string(root().join(path)).unwrap()).collect();
    let in_a_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let stands_alone = |at: usize, word: &str| {
        !reference[..at].ends_with(in_a_word) && !reference[at + word.len()..].starts_with(in_a_word)
    };
    let is_known = |word: &str| reference.match_indices(word).any(|(at, _)| stands_alone(at, word));
    words(cell).into_iter().filter(|word| !is_known(word)).collect()
}

#[test]
fn whatever_has_a_name_here_is_in_the_reference() {
    let mut unknown = Vec::new();
    for path in pages(&root().join("docs/coming-from")) {
        for row in rows(&fs::read_to_string(&path).unwrap()) {
            let here = row.last().map(|cell| strangers(cell)).unwrap_or_default();
            unknown.extend(here.into_iter().map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert!(unknown.is_empty(), "the reference does not have\n{}", unknown.join("\n"));
}

#[test]
fn a_feature_is_asked_for_by_names_that_the_reference_has() {
    let page = fs::read_to_string(root().join("docs/features.md")).unwrap();
    let mut unknown = Vec::new();
    for row in rows(&page).filter(|row| row.last() != Some(&"not yet")) {
        let [id, _, how, _] = row[..] else { continue };
        unknown.extend(strangers(how).into_iter().map(|word| format!("{id}: {word}")));
    }
    assert!(unknown.is_empty(), "the reference does not have\n{}", unknown.join("\n"));
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut dead = Vec::new();
    for path in pages(&root().join("docs")).into_iter().chain([root().join("README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap_or_default();
            if !path.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "these lead nowhere:\n{}", dead.join("\n"));
}

/// The page that `mdbook` makes of ours, and the heads that it can be asked for.
fn anchors(page: &str) -> Vec<String> {
    let is_fence = |line: &str| line.trim_start().starts_with("```");
    let mut inside = false;
    let heads = page.lines().filter(|line| {
        inside ^= is_fence(line);
        !inside && line.starts_with('#')
    });
    let anchor = |head: &str| {
        // As both GitHub and mdBook make them: what a link or a code in a heading says, without the marks.
        let text = head.trim_start_matches('#').trim().to_lowercase();
        let letters = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        letters.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    };
    heads.map(anchor).collect()
}

#[test]
fn every_link_to_a_heading_finds_it() {
    let mut dead = Vec::new();
    for path in pages(&root().join("docs")).into_iter().chain([root().join("README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for (target, file, head) in
            targets.filter_map(|target| target.split_once('#').map(|(file, head)| (target, file, head)))
        {
            let is_ours = !target.contains("://")
                && (file.is_empty() || Path::new(file).extension().is_some_and(|it| it == "md"));
            let there = if file.is_empty() { page.clone() } else { String::new() };
            let read = || fs::read_to_string(path.parent().unwrap().join(file)).unwrap_or_default();
            let there = if there.is_empty() { read() } else { there };
            if is_ours && !anchors(&there).contains(&head.to_owned()) {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "these headings are not there:\n{}", dead.join("\n"));
}

/// The pages that a text names by their path, each with the heading behind it, if there is one: `docs/routing.md#why`.
fn pages_named(text: &str) -> Vec<(&str, Option<&str>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    let named = text.match_indices("docs/").filter_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c| !is_part(c))?;
        let behind = rest[end..].strip_prefix(".md")?;
        let anchor = behind.strip_prefix('#').and_then(|head| head.split(|c| !is_part(c)).next());
        // A heading that is put in is not said here.
        let anchor = anchor.filter(|head| !head.is_empty());
        Some((&rest[..end + ".md".len()], anchor))
    });
    named.collect()
}

#[test]
fn every_page_and_section_that_a_source_or_a_scenario_names_is_there() {
    let sources = ["src", "tests", "benches"].map(|room| files(&root().join(room), "rs")).concat();
    let (mut dead, mut found) = (Vec::new(), 0);
    for path in [sources, files(&root().join("tests/scenarios/scripts"), "txt")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        if text.to_lowercase().contains(concat!("contract", " §")) {
            dead.push(format!("{}: a section by its number, of a page that is not here", path.display()));
        }
        for (page, anchor) in pages_named(&text) {
            found += 1;
            let there = fs::read_to_string(root().join(page)).map(|page| anchors(&page));
            if !there.is_ok_and(|heads| anchor.is_none_or(|anchor| heads.iter().any(|head| head == anchor))) {
                dead.push(format!("{}: {page}#{}", path.display(), anchor.unwrap_or_default()));
            }
        }
    }
    assert!(found > 150, "they are found: {found}");
    assert!(dead.is_empty(), "these are not there:\n{}", dead.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let docs = root().join("docs");
    let mut missing = Vec::new();
    for path in pages(&docs) {
        let name = path.strip_prefix(&docs).unwrap().display().to_string();
        if name != "SUMMARY.md" && !contents.contains(&format!("]({name})")) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
}

/// The sources below a directory, without their tests.
fn sources(directory: &Path) -> Vec<String> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            return sources(&path);
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let is_source = path.extension().is_some_and(|it| it == "rs");
        if is_source { vec![text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()] } else { Vec::new() }
    };
    paths.flat_map(below).collect()
}

/// What the macros of `tracing` in a text say: the last text of each.
fn messages(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["error!(", "warn!(", "info!(", "debug!("] {
        for (at, _) in source.match_indices(name) {
            if source[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let (mut depth, mut last, mut rest) = (1, None, source[at + name.len()..].chars());
            while let Some(c) = rest.next().filter(|_| depth > 0) {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    '"' => {
                        let mut text = String::new();
                        while let Some(c) = rest.next().filter(|c| *c != '"') {
                            match c {
                                // A text that goes on in the next line.
                                '\\' => {
                                    let gap = rest.as_str();
                                    rest = gap.trim_start().chars();
                                }
                                c => text.push(c),
                            }
                        }
                        last = Some(text);
                    }
                    _ => {}
                }
            }
            found.extend(last.filter(|text| !text.contains('{')));
        }
    }
    found
}

#[test]
fn every_line_of_the_log_is_in_its_reference() {
    let reference = fs::read_to_string(root().join("docs/logs.md")).unwrap();
    let rooms = ["telemetry", "broker", "daemon", "http", "records"];
    let said: Vec<_> = rooms.iter().flat_map(|room| sources(&root().join("src").join(room))).collect();
    let said: Vec<_> = said.iter().flat_map(|source| messages(source)).collect();
    assert!(said.len() > 40, "the macros are found: {}", said.len());
    let missing: Vec<_> = said.iter().filter(|text| !reference.contains(&format!("`{text}`"))).collect();
    assert!(missing.is_empty(), "docs/logs.md lacks {missing:#?}");
    let of_tables = rows(&reference).filter_map(|row| row[0].strip_prefix('`').map(str::to_owned));
    let all = said.join("\n") + "changed, and takes effect at the next start only";
    let gone: Vec<_> =
        of_tables.flat_map(|cell| words_whole(&cell)).filter(|text| !all.contains(text.as_str())).collect();
    assert!(gone.is_empty(), "nobody says {gone:#?}");
}

/// The texts in backticks of a cell whose first backtick is gone.
fn words_whole(cell: &str) -> Vec<String> {
    cell.split('`').step_by(2).map(str::to_owned).filter(|text| !text.is_empty()).collect()
}

#[test]
fn every_permission_that_the_api_asks_for_is_explained() {
    let page = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let table = page.split("### Permissions").nth(1).unwrap();
    let table = table.split("\n#").next().unwrap();
    for right in rolecall::http::Right::ALL {
        assert!(
            table.contains(&format!("| `{}` |", right.as_str())),
            "docs/api.md#permissions lacks {}",
            right.as_str()
        );
    }
}

/// The names of metrics in a text, without what Prometheus adds to a histogram's.
fn metrics_in(text: &str) -> Vec<String> {
    let is_part = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '_' || symbol == ':';
    let words = text.split(|symbol| !is_part(symbol)).filter(|word| word.starts_with("rolecall_"));
    let suffixes = ["_bucket", "_count", "_sum"];
    let bare = |word: &str| suffixes.iter().find_map(|it| word.strip_suffix(it)).unwrap_or(word).to_owned();
    words.map(bare).collect()
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_there_are_and_every_alert_is_explained() {
    let rules = fs::read_to_string(root().join("deploy/prometheus/rolecall.rules.yml")).unwrap();
    let tests = fs::read_to_string(root().join("deploy/prometheus/rolecall.rules.test.yml")).unwrap();
    let dashboard = fs::read_to_string(root().join("deploy/grafana/rolecall.json")).unwrap();
    for text in [&rules, &tests, &dashboard] {
        let names = metrics_in(text);
        assert!(names.len() > 5, "{names:?}");
        for name in names {
            assert!(metric::ALL.iter().any(|metric| metric.name == name), "there is no metric {name}");
        }
    }
    let page = fs::read_to_string(root().join("docs/alerts.md")).unwrap();
    let explained: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(alerts, explained, "alerts of the rules, and headings of docs/alerts.md");
    for alert in alerts {
        let link = format!("runbook_url: docs/alerts.md#{}", alert.to_lowercase());
        assert!(rules.lines().any(|line| line.trim() == link), "{link}");
    }
}
