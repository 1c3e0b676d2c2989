//! `rolecall catalogue`: the role structure as a file, what is different between two, and one in place of another.

mod apply;

use std::path::{Path, PathBuf};

use crate::config::{self, Difference, Overrides};
use crate::routing::Catalogue;

use super::config_args::ConfigArgs;
use super::output::print;
use super::{Exit, Failure};

/// Arguments of `rolecall catalogue`.
#[derive(Debug, clap::Args)]
pub(super) struct CatalogueArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write the catalogue to the standard output: as a file to be read again, or as a page for people
    Export(ExportArgs),
    /// Say what is different between two catalogues, role by role; exit with 0 where nothing is, else with 1
    Diff(DiffArgs),
    /// Put the catalogue of a file in place of the configuration's, and have the daemon read it
    Apply(apply::ApplyArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall catalogue export --config rolecall.toml > roles.toml\n  \
    rolecall catalogue export --config rolecall.toml --format markdown > ROLES.md")]
struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// As what
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The part of a configuration that is about routing
    Toml,
    /// The role structure for people
    Markdown,
    /// The same members as TOML
    Json,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall catalogue diff roles.toml next.toml\n  \
    rolecall catalogue diff roles.toml next.toml --json")]
struct DiffArgs {
    /// The one before
    old: PathBuf,
    /// The one after
    new: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
pub(super) fn run(args: &CatalogueArgs) -> Result<(), Failure> {
    match &args.action {
        Action::Export(args) => export(args),
        Action::Diff(args) => diff(args),
        Action::Apply(args) => apply::run(args),
    }
}

fn export(args: &ExportArgs) -> Result<(), Failure> {
    let catalogue = args.config.load_or_fail()?.config.catalogue;
    let text = match args.format {
        Format::Toml => config::export_toml(&catalogue),
        Format::Markdown => config::export_markdown(&catalogue),
        Format::Json => format!("{:#}\n", config::export_json(&catalogue)),
    };
    print(&text)
}

fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let found = config::differences(&catalogue_of(&args.old)?, &catalogue_of(&args.new)?);
    let text = if args.json { json(&found) } else { lines(&found) };
    print(&text)?;
    if found.is_empty() { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

/// The catalogue of a file that can be used.
fn catalogue_of(path: &Path) -> Result<Catalogue, Failure> {
    let loaded = config::load(Some(path), &Overrides::none());
    loaded.map(|loaded| loaded.config.catalogue).map_err(|error| Failure::new(Exit::Configuration, error))
}

fn lines(found: &[Difference]) -> String {
    let mut lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    lines.push(String::new());
    lines.join("\n")
}

fn json(found: &[Difference]) -> String {
    let value = serde_json::to_value(found).expect("differences are made of texts and numbers");
    format!("{value:#}\n")
}
