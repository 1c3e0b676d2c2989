//! `rolecall explain`: ask the running daemon why a ticket is where it is.

use serde_json::Value;

use crate::config::Secret;
use crate::http::segment::{encoded, segment};

use super::ask;
use super::config_args::ConfigArgs;
use super::output::{print_line, print_lines};
use super::{Exit, Failure};

/// Arguments of `rolecall explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The daemon is asked where the configuration has HTTP served, with the token of \
                        ROLECALL_OWNER_TOKEN, or of the file that ROLECALL_OWNER_TOKEN_FILE names: the owner's, or any that \
                        may see the ticket.\n\nEXAMPLES:\n  \
    rolecall explain T-1001\n  \
    rolecall explain T-1001 --agent anna\n  \
    rolecall explain T-1001 --agents --json | jq .waits_for.code")]
pub(super) struct ExplainArgs {
    /// Which ticket
    ticket: String,
    /// Everything that this agent lacks to take it
    #[arg(long, value_name = "ID", conflicts_with = "agents")]
    agent: Option<String>,
    /// All agents who have one of its roles, by what they lack first
    #[arg(long)]
    agents: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Prints the explanation, or why there is none.
pub(super) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let http = args.config.load_or_fail()?.config.http;
    let token = http.owner_token.as_ref().map(Secret::reveal);
    let answer = ask::get(&http, &path(args), token).map_err(|error| {
        let message = format!("the daemon at {} does not answer: {error}", http.listen);
        Failure::new(Exit::Unavailable, message)
    })?;
    let body: Value = serde_json::from_str(&answer.body).map_err(|error| {
        Failure::new(Exit::Failed, format!("what answers at {} is no daemon: {error}", http.listen))
    })?;
    if answer.status != 200 {
        return Err(Failure::new(Exit::Failed, format!("{}: {}", args.ticket, ask::refusal(&body))));
    }
    if args.json {
        return print_line(format_args!("{body:#}"));
    }
    print_lines(body["summary"].as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn path(args: &ExplainArgs) -> String {
    let query = match &args.agent {
        Some(agent) => format!("?agent={}", encoded(agent)),
        None if args.agents => "?agents=all".to_owned(),
        None => String::new(),
    };
    format!("/api/v1/tickets/{}/explanation{query}", segment(&args.ticket))
}
