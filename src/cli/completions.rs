//! `rolecall completions`: the script by which a shell completes our arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::print;
use super::{Arguments, Failure};

/// Arguments of `rolecall completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall completions bash > /usr/share/bash-completion/completions/rolecall")]
pub(super) struct CompletionsArgs {
    /// The shell to write a script for
    shell: Shell,
}

/// Writes the script to the standard output.
pub(super) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    // `generate` panics on a closed pipe, so it writes to memory first.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "rolecall", &mut script);
    print(&String::from_utf8_lossy(&script))
}
