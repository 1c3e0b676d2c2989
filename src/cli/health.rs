//! `rolecall health`: ask the running daemon whether it is ready, and end accordingly.

use super::ask;
use super::config_args::ConfigArgs;
use super::output::print_line;
use super::{Exit, Failure};

/// Arguments of `rolecall health`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The daemon is asked where the configuration has HTTP served. Ends with 0 where it is ready, with 1 \
                        where it is not, and says why, with 69 where it does not answer.\n\nEXAMPLES:\n  \
                        rolecall health --config /etc/rolecall/rolecall.toml\n  \
                        rolecall health --alive --http-listen 127.0.0.1:8080"
)]
pub(super) struct HealthArgs {
    /// Only whether it is alive
    #[arg(long)]
    alive: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Says what the daemon says of itself.
pub(super) fn run(args: &HealthArgs) -> Result<(), Failure> {
    let http = args.config.load_or_fail()?.config.http;
    let path = if args.alive { "/healthz" } else { "/readyz" };
    let answer = ask::get(&http, path, None).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("the daemon at {} does not answer: {error}", http.listen))
    })?;
    print_line(answer.body.trim())?;
    if answer.status == 200 { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}
