//! `rolecall replay-csv`: recorded tickets, said again at any speed, and the books about what became of them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::client::{Actor, Line, clock, converse};
use crate::config::{self, Overrides};
use crate::replay::{
    Account, Fate, Mapping, Player, PlayerOptions, Record, Speed, Waits, Window, catalogue_text, read_records,
};
use crate::routing::{Millis, Timestamp};

use super::broker_args::{BrokerArgs, block_on};
use super::output::{print, print_lines};
use super::traffic::interruption;
use super::{Exit, Failure};

/// How often it is told how far we are.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// So many tickets are named of which nothing became.
const EXAMPLES_MAX: usize = 10;

/// Arguments of `rolecall replay-csv`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Ends with 1 where a ticket was lost or owned twice.\n\nEXAMPLES:\n  \
    rolecall replay-csv tickets.csv --mapping deploy/replay/bank.toml --from 1999-02-03 --to 1999-02-04 --speed 60\n  \
    rolecall replay-csv tickets.csv --mapping deploy/replay/bank.toml --catalogue-out bank.toml")]
pub(super) struct ReplayCsvArgs {
    /// The log: CSV with a header
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What its columns mean: a TOML file such as deploy/replay/bank.toml
    #[arg(long, short, value_name = "FILE")]
    mapping: PathBuf,
    /// How many times faster than recorded; max: as fast as it goes
    #[arg(long, short, default_value = "60")]
    speed: Speed,
    /// Only tickets that came at this date and time or later (UTC unless it says otherwise)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<Timestamp>,
    /// Only tickets that came before this date and time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    to: Option<Timestamp>,
    /// Print the events as JSON lines, as if nobody were ever answered, and publish nothing
    #[arg(long)]
    dry_run: bool,
    /// Write a configuration with the roles of the log, and its times divided by the speed, and publish nothing
    #[arg(long, value_name = "FILE")]
    catalogue_out: Option<PathBuf>,
    /// End when nothing has happened for so many seconds, although tickets are open
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    settle: u64,
    #[command(flatten)]
    broker: BrokerArgs,
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    crate::replay::parse_moment(text)
        .ok_or_else(|| "expected a date, or a date and time, such as 2026-11-22".to_owned())
}

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
struct FileError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

fn in_file(path: &Path, exit: Exit, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(exit, FileError { path: path.to_owned(), source: source.into() })
}

/// Replays, and ends with an error where a ticket was lost or owned twice.
pub(super) fn run(args: &ReplayCsvArgs) -> Result<(), Failure> {
    let text = fs::read_to_string(&args.mapping).map_err(|error| in_file(&args.mapping, Exit::Usage, error))?;
    let mapping = Mapping::parse(&text).map_err(|error| in_file(&args.mapping, Exit::Usage, error))?;
    let log = File::open(&args.file).map_err(|error| in_file(&args.file, Exit::Usage, error))?;
    let everything = Window::default();
    let window = Window { from: args.from.unwrap_or(everything.from), to: args.to.unwrap_or(everything.to) };
    let records = read_records(log, &mapping, window).map_err(|error| in_file(&args.file, Exit::Usage, error))?;
    if records.is_empty() {
        return Err(Failure::new(Exit::Usage, "no record is left: look at --from, --to and the mapping's `skip`"));
    }
    if let Some(path) = &args.catalogue_out {
        let text = catalogue_text(&mapping, &records, args.speed);
        // Names were looked at when they were read: what is left is what the mapping says under [catalogue].
        config::parse("what would be written by the mapping's [catalogue]", &text, &Overrides::none())
            .map_err(|report| in_file(&args.mapping, Exit::Usage, report.to_string()))?;
        return fs::write(path, text).map_err(|error| in_file(path, Exit::Failed, error));
    }
    let options = PlayerOptions {
        speed: args.speed,
        run: format!("r{:06x}", rand::random::<u32>() & 0xff_ffff),
        always_online: mapping.agent.always_online,
        settle: Millis::from_secs(args.settle),
    };
    let player = Player::new(records, options, clock());
    if args.dry_run { print_all(player) } else { replay(args, player) }
}

/// All events, in their order, as `rolecall publish --file` takes them.
fn print_all(mut player: Player) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    loop {
        let events = player.actions(Timestamp(i64::MAX));
        if events.is_empty() {
            return Ok(());
        }
        for said in events {
            match writeln!(out, "{}", said.envelope()) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(Failure::new(Exit::Failed, error)),
            }
        }
    }
}

fn replay(args: &ReplayCsvArgs, mut player: Player) -> Result<(), Failure> {
    let options = args.broker.options("replay")?;
    eprintln!("{} tickets, {} agents", player.records().len(), player.staff().stints.len());
    block_on(async {
        let mut line = Line::over_amqp(options).await?;
        let ended = play(&mut player, &mut line).await;
        line.close().await;
        ended
    })?;
    let account = player.books().account();
    print(&summary(&account, args.speed, player.records()))?;
    print_lines(player.books().examples(Fate::Lost, EXAMPLES_MAX).into_iter().map(|ticket| format!("lost: {ticket}")))?;
    let is_sound = account.count(Fate::Lost) == 0 && account.owned_twice == 0 && account.altered == 0;
    if is_sound { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

async fn play(player: &mut Player, line: &mut Line) -> Result<(), Failure> {
    let interrupted = interruption()?;
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            () = &mut interrupted => return Ok(()),
            ended = converse(player, line) => return Ok(ended?),
            () = tokio::time::sleep(REPORT_EVERY) => {}
        }
        eprintln!("{} tickets came, {} open", player.arrived_count(), player.books().open_count());
    }
}

/// The books, closed.
fn summary(account: &Account, speed: Speed, records: &[Record]) -> String {
    let mut text = String::new();
    let assigned = account.count(Fate::Completed) + account.count(Fate::Assigned);
    let rejections: Vec<_> = account.rejections.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let rejected = if rejections.is_empty() { "none".to_owned() } else { rejections.join(", ") };
    for (name, value) in [
        ("tickets in", account.tickets.to_string()),
        ("assigned", assigned.to_string()),
        ("  of these completed", account.count(Fate::Completed).to_string()),
        ("abandoned", account.count(Fate::Abandoned).to_string()),
        ("still waiting", account.count(Fate::Waiting).to_string()),
        ("lost", account.count(Fate::Lost).to_string()),
        ("owned twice", account.owned_twice.to_string()),
        ("events repeated", format!("{} ({} of them altered)", account.repeats, account.altered)),
        ("rejected", rejected),
    ] {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:22} {value}");
    }
    let _ = writeln!(
        text,
        "\n{:22} {:>8} {:>8} {:>8} {:>8} {:>8}   recorded mean",
        "waits by role, in s", "count", "mean", "p50", "p90", "max"
    );
    for (role, waits) in &account.waits_ms {
        let seconds = |ms: f64| in_recorded_seconds(ms, speed);
        let _ = writeln!(
            text,
            "{role:22} {:8} {:8.1} {:8.1} {:8.1} {:8.1}   {:.1}",
            waits.count(),
            seconds(waits.mean()),
            seconds(waits.percentile(50)),
            seconds(waits.percentile(90)),
            seconds(waits.percentile(100)),
            recorded_waits(records, role).mean()
        );
    }
    text
}

fn in_recorded_seconds(ms: f64, speed: Speed) -> f64 {
    match speed {
        Speed::Times(times) => ms * times / 1_000.0,
        Speed::Max => ms / 1_000.0,
    }
}

/// How long those waited who were served, when it was recorded.
fn recorded_waits(records: &[Record], role: &str) -> Waits {
    let mut waits = Waits::default();
    for record in records.iter().filter(|record| !record.is_abandoned && record.role.as_deref() == Some(role)) {
        waits.add(Duration::from_millis(record.wait.0).as_secs_f64());
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_the_time_of_the_records() {
        let mut account = Account { tickets: 1, ..Account::default() };
        account.fates.insert(Fate::Completed, 1);
        account.waits_ms.entry("regular".to_owned()).or_default().add(500.0);
        let text = summary(&account, Speed::Times(60.0), &[]);
        assert!(text.contains("tickets in             1\n"), "{text}");
        assert!(text.contains("lost                   0\n"), "{text}");
        assert!(text.contains("regular                       1     30.0     30.0     30.0     30.0"), "{text}");
    }
}
