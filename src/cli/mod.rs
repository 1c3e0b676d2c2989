//! The command line: arguments → one subcommand → an exit code.
//!
//! One file per subcommand, each with its arguments (`…Args`) and a function `run` that ends in `Ok(())` or in a
//! [`Failure`], which says how the process ends. To add one: a module, a variant of `Subcommand`, a line in `dispatch`.

mod ask;
mod audit;
mod bench;
mod broker_args;
mod catalogue;
mod check;
mod completions;
mod config_args;
mod demo;
mod exit;
mod explain;
mod health;
mod journal;
mod ledger;
mod output;
mod past;
mod pinned;
mod place;
mod publish;
mod recorded;
#[cfg(test)]
mod reference;
mod replay_csv;
mod serve;
mod simulate;
mod staff;
mod token;
mod traffic;
mod watch;
mod what_if;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

pub use config_args::ConfigArgs;
pub use exit::{Exit, Failure};

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, `unknown` where the build had no repository.
pub const COMMIT: &str = env!("ROLECALL_COMMIT");
const VERSION_AND_COMMIT: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ROLECALL_COMMIT"), ")");

/// The command line as typed.
#[derive(Debug, Parser)]
#[command(name = "rolecall", about = env!("CARGO_PKG_DESCRIPTION"), version = VERSION_AND_COMMIT, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    subcommand: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Run the daemon
    Serve(serve::ServeArgs),
    /// Run the daemon without a broker, with a made-up contact centre, and show the wallboard
    Demo(demo::DemoArgs),
    /// Look into a journal, copy it, restore it
    Journal(journal::JournalArgs),
    /// Check a configuration: what is wrong with it, and what is hardly meant
    Check(check::CheckArgs),
    /// The role structure as a file: write it, compare two, put one in force
    Catalogue(catalogue::CatalogueArgs),
    /// Who may come in over HTTP: make a token, list them, take one back
    Token(token::TokenArgs),
    /// Whether the audit log is whole
    Audit(audit::AuditArgs),
    /// Ask the running daemon why a ticket is where it is, and what an agent lacks to take it
    Explain(explain::ExplainArgs),
    /// Ask the running daemon whether it is ready: for containers, which have no other client
    Health(health::HealthArgs),
    /// Publish one event, or a file of events, to the daemon's exchange
    Publish(publish::PublishArgs),
    /// Watch what the daemon says, one line an event
    Watch(watch::WatchArgs),
    /// Say recorded tickets again at any speed, and keep books about what becomes of them
    ReplayCsv(replay_csv::ReplayCsvArgs),
    /// Send made-up customers and agents to a daemon with the catalogue that comes with rolecall
    Traffic(traffic::TrafficArgs),
    /// Measure routing through a real broker, beside what the broker itself allows
    Bench(bench::BenchArgs),
    /// Play a scenario on a virtual clock: waits, service levels, occupancy
    Simulate(simulate::SimulateArgs),
    /// Say how many agents which role needs in which hour, by theory and by the engine itself
    Staff(staff::StaffArgs),
    /// Play the past under another catalogue, or with more people
    WhatIf(what_if::WhatIfArgs),
    /// Write a completion script for a shell to the standard output
    Completions(completions::CompletionsArgs),
}

/// Runs what the arguments (the program's name first) ask for. What goes wrong is said once, here, on the standard
/// error.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(refusal) => return refuse(&refusal),
    };
    match dispatch(arguments.subcommand) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            if !failure.is_silent() {
                // Nobody may be left to hear it; the code says it too.
                let _ = writeln!(io::stderr(), "rolecall: {failure}");
            }
            failure.exit
        }
    }
}

fn dispatch(subcommand: Subcommand) -> Result<(), Failure> {
    match subcommand {
        Subcommand::Serve(args) => serve::run(args),
        Subcommand::Demo(args) => demo::run(&args),
        Subcommand::Journal(args) => journal::run(&args),
        Subcommand::Catalogue(args) => catalogue::run(&args),
        Subcommand::Check(args) => check::run(&args),
        Subcommand::Token(args) => token::run(&args),
        Subcommand::Audit(args) => audit::run(&args),
        Subcommand::Publish(args) => publish::run(&args),
        Subcommand::Watch(args) => watch::run(&args),
        Subcommand::ReplayCsv(args) => replay_csv::run(&args),
        Subcommand::Traffic(args) => traffic::run(&args),
        Subcommand::Explain(args) => explain::run(&args),
        Subcommand::Health(args) => health::run(&args),
        Subcommand::Bench(args) => bench::run(args),
        Subcommand::Simulate(args) => simulate::run(&args),
        Subcommand::Staff(args) => staff::run(&args),
        Subcommand::WhatIf(args) => what_if::run(&args),
        Subcommand::Completions(args) => completions::run(&args),
    }
}

/// Prints what clap has to say: help and version are no errors, everything else is a wrong usage.
fn refuse(refusal: &clap::Error) -> Exit {
    // A reader who hung up does not change how the process ends.
    let _ = refusal.print();
    if refusal.use_stderr() { Exit::Usage } else { Exit::Done }
}
