//! `rolecall traffic`: a made-up contact centre for a daemon that runs with the catalogue that comes with rolecall.

use std::time::Duration;

use crate::client::{Line, clock, converse};
use crate::traffic::{Predecessors, Tally, Traffic, TrafficOptions};

use super::broker_args::{BrokerArgs, block_on};
use super::{Exit, Failure};

/// The most tickets a second that are made up. For measuring there is `rolecall bench`.
const RATE_MAX: f64 = 1_000.0;
/// The shortest day, in minutes.
const DAY_MIN_MINUTES: u64 = 1;
/// How often it is told how things go.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Arguments of `rolecall traffic`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall traffic --rate 20 --config rolecall.toml")]
pub(super) struct TrafficArgs {
    #[command(flatten)]
    pub(super) scale: ScaleArgs,
    /// Say nothing of how things go
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// How much there is to do.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ScaleArgs {
    /// Tickets per second in the mean of a day
    #[arg(long, default_value_t = 2.0, value_parser = parse_rate)]
    rate: f64,
    /// How many minutes a working day takes
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(DAY_MIN_MINUTES..=1_440))]
    day: u64,
    /// The same seed gives the same people the same wishes (default: a random one)
    #[arg(long)]
    seed: Option<u64>,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.01..=RATE_MAX).contains(&rate) { Ok(rate) } else { Err(format!("expected 0.01 to {RATE_MAX}")) }
}

impl ScaleArgs {
    /// A contact centre that opens now.
    pub(super) fn open(&self, predecessors: Predecessors) -> Traffic {
        let run = format!("{:06x}", rand::random::<u32>() & 0xff_ffff);
        let options = TrafficOptions {
            rate: self.rate,
            day: Duration::from_mins(self.day),
            predecessors,
            ..TrafficOptions::named(run)
        };
        Traffic::new(self.seed.unwrap_or_else(rand::random), options, clock())
    }
}

/// Makes traffic until somebody interrupts, or the broker goes away.
pub(super) fn run(args: &TrafficArgs) -> Result<(), Failure> {
    let options = args.broker.options("traffic")?;
    block_on(async {
        let endpoint = options.uri.to_string();
        let mut line = Line::over_amqp(options).await?;
        let mut traffic = args.scale.open(Predecessors::Removed);
        eprintln!("a made-up contact centre works at {endpoint}; Ctrl-C closes it");
        let ended = work(args, &mut traffic, &mut line).await;
        line.close().await;
        eprintln!("{}", report(&traffic.tally(), traffic.waiting_count()));
        ended
    })
}

async fn work(args: &TrafficArgs, traffic: &mut Traffic, line: &mut Line) -> Result<(), Failure> {
    let interrupted = interruption()?;
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            () = &mut interrupted => return Ok(()),
            ended = converse(traffic, line) => return Ok(ended?),
            () = tokio::time::sleep(REPORT_EVERY) => {}
        }
        if !args.quiet {
            eprintln!("{}", report(&traffic.tally(), traffic.waiting_count()));
        }
    }
}

/// Resolves once the operating system asks to end, by `SIGINT` or `SIGTERM`.
pub(super) fn interruption() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Failure::new(Exit::Failed, error));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// How things go, on one line.
pub(super) fn report(tally: &Tally, waiting_count: usize) -> String {
    let Tally { arrived, assigned, completed, gave_up, to_be_called_back, breached, rejected } = tally;
    format!(
        "{arrived} tickets came, {assigned} assignments, {completed} done, {gave_up} lost patience, \
         {to_be_called_back} to be called back, {breached} breached, {rejected} rejected, {waiting_count} waiting"
    )
}
