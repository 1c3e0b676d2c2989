//! The reference of the command line, `docs/commands.md`, made from clap's definitions. A test compares them; with
//! `ROLECALL_BLESS=1` it writes the page.
//!
//! Options that commands share stand in a section of their own, and a command names the section. Only tests need this.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Args, Command, CommandFactory, Parser};

use super::broker_args::BrokerArgs;
use super::simulate::PlayArgs;
use super::{Arguments, ConfigArgs, Exit};

const OPENING: &str = "\
# Commands

The whole command line. This page is made from the code: `ROLECALL_BLESS=1 cargo test commands_are`. `rolecall COMMAND --help`
says the same in a terminal, and `rolecall completions` has the shell complete it.

An option wins over its environment variable, and that over the configuration's file. Values stand behind a space or a `=`:
`--config FILE`, `--config=FILE`. `-h` or `--help` may be said anywhere, and `rolecall --version` says version and commit.
";

/// Options that several commands have alike.
struct Shared {
    title: &'static str,
    about: &'static str,
    args: Vec<Arg>,
}

impl Shared {
    fn of<T: Args>(title: &'static str, about: &'static str) -> Self {
        let command = T::augment_args(Command::new("shared"));
        Self { title, about, args: command.get_arguments().cloned().collect() }
    }

    fn all() -> [Self; 3] {
        [
            Self::of::<ConfigArgs>(
                "Options of the configuration",
                "Where settings come from, and what else can be set: [configuration](configuration.md).",
            ),
            Self::of::<BrokerArgs>(
                "Options of the broker",
                "Of commands that are clients of the daemon's and reach it over the broker.",
            ),
            Self::of::<PlayArgs>(
                "Options of a simulation",
                "How it is played, and where its [report](simulation.md#the-report) goes.",
            ),
        ]
    }

    /// Whether a command has all of them.
    fn is_in(&self, command: &Command) -> bool {
        let has = |arg: &Arg| command.get_arguments().any(|other| is_same(arg, other));
        self.args.iter().all(has)
    }
}

fn is_same(one: &Arg, other: &Arg) -> bool {
    one.get_id() == other.get_id()
        && one.get_help().map(ToString::to_string) == other.get_help().map(ToString::to_string)
}

/// All of `docs/commands.md`.
fn page() -> String {
    let mut root = Arguments::command();
    root.build();
    let shared = Shared::all();
    let mut page = OPENING.to_owned();
    page.push_str("\n| command | |\n| --- | --- |\n");
    for command in shown(&root) {
        let name = command.get_name();
        writeln!(page, "| [`{name}`](#rolecall-{name}) | {} |", about(command)).expect("a string takes everything");
    }
    for command in shown(&root) {
        page.push_str(&section(command, "##", &shared));
        for below in shown(command) {
            page.push_str(&section(below, "###", &shared));
        }
    }
    for Shared { title, about, args } in &shared {
        write!(page, "\n## {title}\n\n{about}\n{}", table(args)).expect("a string takes everything");
    }
    page.push_str(&exit_codes());
    page
}

/// The subcommands that are not hidden.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help")
}

/// What a command is, how it is used, what it may be told, examples.
fn section(command: &Command, marks: &str, shared: &[Shared]) -> String {
    let path = command.get_bin_name().unwrap_or(command.get_name());
    let mut text = format!("\n{marks} `{path}`\n\n{}.\n", about(command));
    let (told, examples) = told_and_examples(command);
    for paragraph in told {
        write!(text, "\n{}\n", written(&paragraph)).expect("a string takes everything");
    }
    if shown(command).next().is_some() && command.is_subcommand_required_set() {
        return text;
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).lines().map(str::trim).collect::<Vec<_>>().join("\n");
    write!(text, "\n```text\n{usage}\n```\n").expect("a string takes everything");
    let (common, own): (Vec<&Shared>, Vec<Arg>) = split(command, shared);
    if !own.is_empty() {
        text.push_str(&table(&own));
    }
    if !common.is_empty() {
        let links: Vec<_> = common.iter().map(|it| link(it.title)).collect();
        let opening = if own.is_empty() { "The" } else { "Also the" };
        let sentence = format!("{opening} {}.", links.join(" and the "));
        write!(text, "\n{sentence}\n").expect("a string takes everything");
    }
    if !examples.is_empty() {
        write!(text, "\n```sh\n{}\n```\n", examples.join("\n")).expect("a string takes everything");
    }
    text
}

/// Which of the shared options a command has, and those of its own.
fn split<'a>(command: &Command, shared: &'a [Shared]) -> (Vec<&'a Shared>, Vec<Arg>) {
    let common: Vec<&Shared> = shared.iter().filter(|it| it.is_in(command)).collect();
    let is_own = |arg: &&Arg| !common.iter().any(|it| it.args.iter().any(|other| is_same(arg, other)));
    let is_told = |arg: &&Arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version");
    let own = command.get_arguments().filter(is_told).filter(is_own).cloned().collect();
    (common, own)
}

fn link(title: &str) -> String {
    let head = title.to_lowercase();
    format!("[{head}](#{})", head.replace(' ', "-"))
}

fn about(command: &Command) -> String {
    written(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// What stands behind a command's options: paragraphs, and lines to be typed.
fn told_and_examples(command: &Command) -> (Vec<String>, Vec<String>) {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (told, examples) = text.split_once("EXAMPLES:").unwrap_or((&text, ""));
    let told = told.split("\n\n").map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    let examples = examples.lines().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    (told.collect(), examples.collect())
}

/// Arguments, one a row; a column that says nothing of any is left out.
fn table(args: &[Arg]) -> String {
    let rows: Vec<[String; 4]> = args.iter().map(row).collect();
    let heads = ["option", "default", "environment variable", ""];
    let is_told: Vec<bool> = (0..heads.len()).map(|column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&is_told).filter(|(_, is_told)| **is_told);
        let cells = cells.map(|(cell, _)| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") });
        format!("|{}\n", cells.collect::<String>())
    };
    let body = rows.iter().map(|row| line(&row.each_ref().map(String::as_str)));
    format!("\n{}{}{}", line(&heads), line(&["---"; 4]), body.collect::<String>())
}

/// Of an argument: what is typed, its default, the variable that stands for it, what it means.
fn row(arg: &Arg) -> [String; 4] {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // Variables that the configuration knows, and not clap, are named in the help.
    let (help, in_help) = match help.split_once(" [env: ") {
        Some((help, rest)) => (help.to_owned(), rest.strip_suffix(']').map(str::to_owned)),
        None => (help, None),
    };
    let variable = in_help.or_else(|| Some(arg.get_env()?.to_str()?.to_owned()));
    let default = match arg.get_default_values() {
        _ if arg.is_required_set() => "required".to_owned(),
        _ if arg.is_hide_default_value_set() || !arg.get_action().takes_values() => String::new(),
        values => values.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(","),
    };
    let default = if default.is_empty() || arg.is_required_set() { default } else { format!("`{default}`") };
    let variable = variable.map(|name| format!("`{name}`")).unwrap_or_default();
    [typed(arg), default, variable, format!("{}{}", written(&help), choices(arg))]
}

/// How it is typed: `--file FILE`, `-f`.
fn typed(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default().join(" ");
    if arg.is_positional() {
        return format!("`{values}`");
    }
    let names = arg.get_long_and_visible_aliases().unwrap_or_default();
    let takes = arg.get_action().takes_values();
    let long = names.iter().map(|name| if takes { format!("`--{name} {values}`") } else { format!("`--{name}`") });
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    long.chain(short).collect::<Vec<_>>().join(", ")
}

/// The values that it takes, where only some are.
fn choices(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if values.is_empty() || !arg.get_action().takes_values() {
        return String::new();
    }
    let choice = |value: &clap::builder::PossibleValue| {
        let meaning = value.get_help().map(|help| format!(": {}", written(&lowered(&help.to_string()))));
        format!("`{}`{}", value.get_name(), meaning.unwrap_or_default())
    };
    let gap = if values.iter().any(|value| value.get_help().is_some()) { "; " } else { ", " };
    format!(" ({})", values.iter().map(choice).collect::<Vec<_>>().join(gap))
}

fn lowered(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

/// As Markdown: options and variables as code, pages as links, and nothing that would be a mark, a tag or the end of a cell.
fn written(text: &str) -> String {
    let is_code = |word: &str| word.len() > 2 && (word.starts_with("--") || word.starts_with("ROLECALL_"));
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | ';' | ':' | '.'));
        let page = bare.strip_prefix("docs/").and_then(|page| page.strip_suffix(".md"));
        match page {
            Some(page) => word.replace(bare, &format!("[{page}]({page}.md)")),
            None if is_code(bare) => word.replace(bare, &format!("`{bare}`")),
            None => escaped(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn escaped(word: &str) -> String {
    let marks = if word == "_" { "_" } else { "<*|" };
    let symbol = |symbol: char| if marks.contains(symbol) { format!("\\{symbol}") } else { symbol.to_string() };
    word.chars().map(symbol).collect()
}

fn exit_codes() -> String {
    let mut text = "\n## Exit codes\n\n[What to do then](handbook.md#what-fails-and-what-to-do). Where a command means something of its own by one, it is said \
                    above.\n\n| code | |\n| --- | --- |\n"
        .to_owned();
    for exit in Exit::ALL {
        let meaning = match exit {
            Exit::Done => "it did what it was asked to do",
            Exit::Failed => "something went wrong that has no code of its own",
            Exit::Usage => "the command line makes no sense",
            Exit::Unavailable => {
                "the broker was not reachable within `amqp.connect_timeout`; of commands that ask the daemon: it does not answer"
            }
            Exit::JournalIo => "the journal, the tokens or the audit log can't be read, written or owned",
            Exit::Configuration => "the configuration can't be read, or is wrong",
        };
        writeln!(text, "| {} | {meaning} |", exit.code()).expect("a string takes everything");
    }
    text
}

#[test]
fn commands_are_what_the_page_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let expected = page();
    if std::env::var_os("ROLECALL_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("a file in docs");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/commands.md is out of date: run `ROLECALL_BLESS=1 cargo test commands_are`");
}

/// The words of a line as a shell splits it: a text in single quotes is one.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('\'').enumerate();
    let pieces = quoted.flat_map(|(number, piece)| {
        let whole = number % 2 == 1;
        if whole { vec![piece.to_owned()] } else { piece.split_whitespace().map(str::to_owned).collect() }
    });
    pieces.collect()
}

#[test]
fn every_command_has_an_example_and_every_example_is_understood() {
    let mut root = Arguments::command();
    root.build();
    let leaves = shown(&root).flat_map(|command| {
        let below: Vec<&Command> = shown(command).collect();
        if below.is_empty() { vec![command] } else { below }
    });
    for command in leaves {
        let path = command.get_bin_name().expect("it was built");
        let (_, examples) = told_and_examples(command);
        assert!(!examples.is_empty(), "{path} has no example");
        for example in examples {
            let (_, typed) = example.split_once("rolecall ").unwrap_or_else(|| panic!("{example}: of another program"));
            let typed = typed.split(['>', '|']).next().unwrap_or_default();
            let understood = Arguments::try_parse_from(words(&format!("rolecall {typed}")));
            understood.unwrap_or_else(|refusal| panic!("{example}: {refusal}"));
            assert!(example.contains(path), "{example}: of another command than {path}");
        }
    }
}
