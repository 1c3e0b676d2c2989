//! `rolecall watch`: what the daemon says, one line an event.

mod line;

use std::io::{self, IsTerminal, Write};

use crate::broker::{Exchange, Tapped, connect_tap};
use crate::client::Heard;

use self::line::{Paint, dead_letter_line, event_line, unread_line};
use super::broker_args::{BrokerArgs, block_on};
use super::{Exit, Failure};

/// Arguments of `rolecall watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall watch\n  \
    rolecall watch --key 'assignment.*.billing' --key 'ticket.#'\n  \
    rolecall watch --json | jq .data.ticket_id\n  \
    rolecall watch --dead")]
pub(super) struct WatchArgs {
    /// Only what matches this pattern: <type>.<role>, * for one word, # for any number (may be given more than once)
    #[arg(long, short, value_name = "PATTERN", default_value = "#")]
    key: Vec<String>,
    /// The messages' bodies as they are, one JSON object a line
    #[arg(long)]
    json: bool,
    /// Dead letters from now on instead: events that the daemon could not read, and why
    #[arg(long, conflicts_with = "key")]
    dead: bool,
    /// End after so many events
    #[arg(long, short = 'n', value_name = "COUNT")]
    count: Option<u64>,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// Prints events until somebody interrupts, the count is reached, or the broker goes away.
pub(super) fn run(args: &WatchArgs) -> Result<(), Failure> {
    let options = args.broker.options("watch")?;
    let (exchange, name) = if args.dead { (Exchange::Dead, "dead") } else { (Exchange::Assignments, "assignments") };
    block_on(async {
        let endpoint = options.uri.to_string();
        let watched = format!("{}.{name} at {endpoint}", options.prefix);
        let mut tap = connect_tap(options, exchange, &args.key).await?;
        eprintln!("watching {watched}; Ctrl-C ends it");
        let mut left = args.count.unwrap_or(u64::MAX);
        while left > 0 {
            let tapped = tokio::select! {
                tapped = tap.next() => tapped?,
                interrupted = tokio::signal::ctrl_c() => {
                    return interrupted.map_err(|error| Failure::new(Exit::Failed, error));
                }
            };
            match print(args, &tapped) {
                Ok(()) => left -= 1,
                // `watch | head` has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Failure::new(Exit::Failed, error)),
            }
        }
        Ok(())
    })
}

fn print(args: &WatchArgs, tapped: &Tapped) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let paint = if io::stdout().is_terminal() { Paint::Colours } else { Paint::None };
    if args.json {
        out.write_all(&tapped.body)?;
        return out.write_all(b"\n");
    }
    let line = match (args.dead, Heard::parse(&tapped.body)) {
        (true, _) => dead_letter_line(tapped, paint),
        (false, Ok(heard)) => event_line(&heard, &jiff::tz::TimeZone::system(), paint),
        (false, Err(error)) => unread_line(tapped, &error),
    };
    writeln!(out, "{line}")
}
